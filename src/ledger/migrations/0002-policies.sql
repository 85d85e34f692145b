-- Which policies were in force, and from when, stands in the log: found without walking through all of it.
create index events_policy_loaded on events (seq) where kind = 'policy-loaded';
