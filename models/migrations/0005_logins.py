from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import SecretField, UtcField
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0004_identity_client')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Login',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('key_hash', fields.CharField(unique=True, max_length=64)),
                ('key', SecretField(null=True, unique=False)),
                ('platform', fields.CharField(max_length=32)),
                ('account', fields.CharField(null=True, max_length=64)),
                ('name', fields.CharField(null=True, max_length=255)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name='logins', on_delete=OnDelete.CASCADE)),
                ('created_at', UtcField(auto_now=False, auto_now_add=False)),
                ('expires_at', UtcField(auto_now=False, auto_now_add=False)),
                ('used_at', UtcField(null=True, auto_now=False, auto_now_add=False)),
                ('failed_at', UtcField(null=True, auto_now=False, auto_now_add=False)),
                ('accounts', SecretField(null=True, unique=False)),
            ],
            options={'table': 'logins', 'app': 'models', 'indexes': [Index(fields=['expires_at'])], 'pk_attr': 'id', 'table_description': ' '},
            bases=['Model'],
        ),
    ]
