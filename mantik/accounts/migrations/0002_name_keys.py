from django.db import migrations, models

from mantik.lib.migrating import fill_name_keys


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="username_key",
            field=models.CharField(editable=False, max_length=240, null=True),
        ),
        fill_name_keys("accounts", "user", of="username", column="username_key"),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(models.F("username_key"), name="user_name_key_unique"),
        ),
    ]
