"""Sans-io codecs: nothing here opens, sleeps, logs or reads a clock."""
