"""The life of an access key and of the profile that serves it: create under a write-ahead journal, recover, bind."""
