import { sql, type Kysely, type Migration } from "kysely"

/**
 * Tables of sandboxes and API keys.
 *
 * Times have milliseconds, as JavaScript's do, so that a cursor made from a row compares equal to it.
 */
export const initialMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table sandboxes (
        id text collate "C" primary key,
        host_id text not null,
        template text not null,
        status text not null check (status in (
          'pending', 'starting', 'running', 'pausing', 'paused', 'resuming', 'stopping', 'stopped', 'error'
        )),
        reason text,
        vcpus integer not null check (vcpus > 0),
        memory_mib integer not null check (memory_mib > 0),
        timeout_sec integer not null check (timeout_sec >= 0),
        metadata jsonb not null,
        revision bigint not null default 0,
        created_at timestamptz(3) not null,
        started_at timestamptz(3),
        updated_at timestamptz(3) not null,
        expires_at timestamptz(3)
      )`.execute(db)
    await sql`create index sandboxes_by_age on sandboxes (created_at desc, id desc)`.execute(db)
    await sql`create index sandboxes_by_status on sandboxes (status, created_at desc, id desc)`.execute(db)
    await sql`create index sandboxes_by_template on sandboxes (template, created_at desc, id desc)`.execute(
      db,
    )
    await sql`create index sandboxes_by_host on sandboxes (host_id, status)`.execute(db)
    await sql`create index sandboxes_by_metadata on sandboxes using gin (metadata jsonb_path_ops)`.execute(db)
    await sql`
      create table api_keys (
        id text collate "C" primary key,
        name text not null,
        prefix text not null,
        hash text not null unique,
        created_at timestamptz(3) not null,
        last_used_at timestamptz(3)
      )`.execute(db)
    await sql`create index api_keys_by_prefix on api_keys (prefix)`.execute(db)
  },
}
