from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import UtcField
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0009_taking')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Moment',
            fields=[
                ('name', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('at', UtcField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'moments', 'app': 'models', 'pk_attr': 'name', 'table_description': ' '},
            bases=['Model'],
        ),
    ]
