from tortoise import migrations
from tortoise.migrations import operations as ops

INDEXES = {
    'idx_members_person': 'members (person_id)',
    'idx_people_dialog': 'people (dialog_id) WHERE dialog_id IS NOT NULL',
    'idx_files_channel': 'files (channel_id) WHERE channel_id IS NOT NULL',
    'idx_file_handles_scope': 'file_handles (scope)',
    'idx_control_updates_undone': "control_updates (state, received_at) WHERE state IN ('received', 'failed')",
    'idx_invitations_project': 'invitations (project_id)',
    'idx_invitations_creator': 'invitations (created_by_id)',
    'idx_projects_account': 'projects (account_id)',
    'idx_channels_account': 'channels (platform, external_id)',
    'idx_channels_receiving': 'channels (receiving, state)',
    'idx_channels_connecting': "channels (checked_at) WHERE state = 'connecting'",
}

class Migration(migrations.Migration):
    dependencies = [('models', '0013_app_bodies')]

    initial = False

    operations = [
        # What grows with customers, people or projects is never read whole.
        ops.RunSQL(
            [f'CREATE INDEX {name} ON {columns}' for name, columns in INDEXES.items()],
            reverse_sql=[f'DROP INDEX {name}' for name in INDEXES],
        ),
    ]
