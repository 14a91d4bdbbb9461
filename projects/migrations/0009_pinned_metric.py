from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0008_named_servers"),
    ]

    operations = [
        migrations.AddField(
            model_name="experiment",
            name="more_is_better",
            field=models.BooleanField(db_default=True, default=True, editable=False),
        ),
        migrations.AddField(
            model_name="experiment",
            name="pinned_metric",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=250),
        ),
    ]
