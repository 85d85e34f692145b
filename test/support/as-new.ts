// Makes a used copy of the migrated database as new again, in a small part of the time that another copy takes. It
// refuses one in which more than rows was changed: tables, triggers, functions. That one is dropped.

/**
 * Done once in the database that copies are made of: keeps what its tables hold, and of what it is made. Rows are deleted,
 * which is many times faster than TRUNCATE, unless there are so many that they would be in the way.
 */
export const KEEP = `
create schema as_new;
create view as_new.tables as
  select c.oid::regclass as name, format('as_new.%I', n.nspname || ' ' || c.relname) as kept from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'as_new');
create function as_new.made_of() returns text language sql as $$
  with ours as (select oid from pg_namespace where oid >= 16384 and nspname !~ '^pg_(toast_)?temp_' or nspname = 'public')
  select md5(concat(
    (select string_agg(concat_ws(' ', oid, relname, relkind, relpersistence, reloptions), ';' order by oid) from pg_class where relnamespace in (select oid from ours)),
    (select string_agg(concat_ws(' ', attrelid, attname, atttypid, atttypmod, attnotnull, attgenerated, attisdropped), ';' order by attrelid, attnum) from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace in (select oid from ours)),
    (select string_agg(concat_ws(' ', oid, adrelid, adbin), ';' order by oid) from pg_attrdef),
    (select string_agg(concat_ws(' ', oid, conname, conrelid, convalidated, conbin), ';' order by oid) from pg_constraint where connamespace in (select oid from ours)),
    (select string_agg(concat_ws(' ', oid, tgname, tgrelid, tgenabled), ';' order by oid) from pg_trigger),
    (select string_agg(concat_ws(' ', oid, proname, prosrc), ';' order by oid) from pg_proc where pronamespace in (select oid from ours)),
    (select string_agg(concat_ws(' ', setrole, setconfig), ';' order by setrole) from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where datname = current_database())
  ))
$$;
create function as_new.again() returns boolean language plpgsql as $$
declare one record; large text[] := '{}';
begin
  if as_new.made_of() is distinct from (select "is" from as_new.made) then return false; end if;
  set local session_replication_role = replica;
  for one in select * from as_new.tables loop
    if pg_relation_size(one.name) > 1000000 then large := large || one.name::text; else execute format('delete from %s', one.name); end if;
  end loop;
  if cardinality(large) > 0 then execute format('truncate %s cascade', array_to_string(large, ', ')); end if;
  for one in select * from as_new.tables where to_regclass(kept) is not null loop execute format('insert into %s select * from %s', one.name, one.kept); end loop;
  perform setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) from pg_sequences where last_value is not null;
  perform pg_stat_reset();
  return true;
end $$;
do $$
declare one record; holds boolean;
begin
  for one in select * from as_new.tables loop
    execute format('select exists (select from %s)', one.name) into holds;
    if holds then execute format('create table %s as table %s', one.kept, one.name); end if;
  end loop;
end $$;
create table as_new.made ("is" text);
insert into as_new.made select as_new.made_of()`
