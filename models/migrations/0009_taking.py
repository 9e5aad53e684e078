from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0008_heads')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Person',
            name='taken_id',
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name='Member',
            name='keeps_dialog',
            field=fields.BooleanField(null=True),
        ),
        # Two customers of one name are told apart wherever they are shown.
        ops.RunSQL(
            ["CREATE INDEX idx_contacts_name ON contacts (project_id, name)"],
            reverse_sql=["DROP INDEX idx_contacts_name"],
        ),
    ]
