from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0016_code_missing")]

    operations = [
        migrations.AddField(model_name="run", name="has_model", field=models.BooleanField(blank=True, null=True)),
    ]
