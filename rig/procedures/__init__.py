"""Steps that span devices: accuracy, freeze, relay, time sync."""
