import { sql, type Kysely, type Migration } from "kysely"

/** What a sandbox's pauses leave behind, and the templates of the host */
export const pauseAndTemplatesMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      alter table sandboxes
        add column on_timeout text not null default 'destroy' check (on_timeout in ('destroy', 'pause')),
        add column pause jsonb,
        add column host_changed_at timestamptz(3)`.execute(db)
    await sql`
      create table templates (
        name text collate "C" primary key,
        host_id text not null,
        type text not null check (type in ('base', 'snapshot')),
        vcpus integer check (vcpus > 0),
        memory_mib integer check (memory_mib > 0),
        size_bytes bigint not null,
        created_at timestamptz(3) not null,
        parent text,
        sandbox_id text,
        stop_ms double precision,
        check (type = 'base' or (vcpus is not null and memory_mib is not null))
      )`.execute(db)
    await sql`create index templates_by_host on templates (host_id)`.execute(db)
  },
}
