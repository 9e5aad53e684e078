from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import UtcField
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0010_moments')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Person',
            name='digest_id',
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name='Person',
            name='digest_at',
            field=UtcField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.CreateModel(
            name='Reminder',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('person', fields.ForeignKeyField('models.Person', source_field='person_id', db_constraint=True, to_field='id', related_name='reminders', on_delete=OnDelete.RESTRICT)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name='reminders', on_delete=OnDelete.RESTRICT)),
                ('inquiry', fields.ForeignKeyField('models.Inquiry', source_field='inquiry_id', db_constraint=True, to_field='id', related_name='reminders', on_delete=OnDelete.RESTRICT)),
                ('what', fields.CharField(max_length=16)),
                ('shown_at', UtcField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'reminders', 'app': 'models', 'unique_together': (('inquiry', 'member'),), 'indexes': [Index(fields=['person_id']), Index(fields=['member_id'])], 'pk_attr': 'id', 'table_description': ' '},
            bases=['Model'],
        ),
    ]
