"""What the ORM has no words for: the running number of tickets, and events that can only be added."""

from django.db import migrations

FORWARD = """
CREATE SEQUENCE ticket_number MINVALUE 1 MAXVALUE 999999 CYCLE;

CREATE FUNCTION refuse_to_change_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are append-only';
END $$;

CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON tickets_event
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_history();
"""
BACKWARD = """
DROP TRIGGER event_append_only ON tickets_event;
DROP FUNCTION refuse_to_change_history();
DROP SEQUENCE ticket_number;
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
