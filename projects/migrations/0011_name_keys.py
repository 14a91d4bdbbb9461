from django.conf import settings
from django.db import migrations, models

from mantik.lib.migrating import fill_name_keys


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0005_name_keys"),
        ("projects", "0010_needs_all_files"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="coderepository",
            name="name_key",
            field=models.CharField(editable=False, max_length=240, null=True),
        ),
        migrations.AddField(
            model_name="experiment",
            name="name_key",
            field=models.CharField(editable=False, max_length=240, null=True),
        ),
        migrations.AddField(
            model_name="formeraddress",
            name="slug_key",
            field=models.CharField(editable=False, max_length=240, null=True),
        ),
        migrations.AddField(
            model_name="label",
            name="name_key",
            field=models.CharField(editable=False, max_length=240, null=True),
        ),
        migrations.AddField(
            model_name="project",
            name="slug_key",
            field=models.CharField(editable=False, max_length=240, null=True),
        ),
        migrations.AddField(
            model_name="usergroup",
            name="name_key",
            field=models.CharField(editable=False, max_length=240, null=True),
        ),
        fill_name_keys("projects", "coderepository", within=["project_id"]),
        fill_name_keys("projects", "experiment", within=["project_id"]),
        fill_name_keys("projects", "formeraddress", of="slug", column="slug_key"),
        fill_name_keys("projects", "label"),
        fill_name_keys("projects", "project", of="slug", column="slug_key"),
        fill_name_keys("projects", "usergroup"),
        migrations.AddConstraint(
            model_name="coderepository",
            constraint=models.UniqueConstraint(
                models.F("project"), models.F("name_key"), name="code_repository_name_key_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.UniqueConstraint(
                models.F("project"), models.F("name_key"), name="experiment_name_key_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="formeraddress",
            constraint=models.UniqueConstraint(models.F("slug_key"), name="former_address_slug_key_unique"),
        ),
        migrations.AddConstraint(
            model_name="label",
            constraint=models.UniqueConstraint(models.F("name_key"), name="label_name_key_unique"),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.UniqueConstraint(models.F("slug_key"), name="project_slug_key_unique"),
        ),
        migrations.AddConstraint(
            model_name="usergroup",
            constraint=models.UniqueConstraint(models.F("name_key"), name="user_group_name_key_unique"),
        ),
    ]
