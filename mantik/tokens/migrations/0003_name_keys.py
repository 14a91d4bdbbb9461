from django.conf import settings
from django.db import migrations, models

from mantik.lib.migrating import fill_name_keys


class Migration(migrations.Migration):
    dependencies = [
        ("tokens", "0002_restricted_tokens"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="personalaccesstoken",
            name="name_key",
            field=models.CharField(editable=False, max_length=240, null=True),
        ),
        fill_name_keys(
            "tokens", "personalaccesstoken", within=["user_id"], only=models.Q(("revoked_at__isnull", True))
        ),
        migrations.AddConstraint(
            model_name="personalaccesstoken",
            constraint=models.UniqueConstraint(
                models.F("user"),
                models.F("name_key"),
                condition=models.Q(("revoked_at__isnull", True)),
                name="access_token_name_key_unique_while_valid",
            ),
        ),
    ]
