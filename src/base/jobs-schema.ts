// The tables of the queue of jobs, made and brought up to date by the owner of the database, and opened to the serving role.
// Promises: nothing is done, and the library not even loaded, when they are there; call it under the migrations' lock.

import type pg from 'pg'
import { SERVING_ROLE } from './database.ts'

/** The newest schema that the pinned version of graphile-worker makes. */
export const JOBS_SCHEMA_VERSION = 19

export async function migrateJobs(client: pg.Client, databaseUrl: string): Promise<void> {
  if ((await schemaVersion(client)) >= JOBS_SCHEMA_VERSION && (await isOpenToServing(client))) return
  const { runMigrations, Logger } = await import('graphile-worker')
  await runMigrations({ connectionString: databaseUrl, logger: new Logger(() => () => undefined) })
  await client.query(OPEN_TO_SERVING)
}

async function schemaVersion(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ present: boolean }>(`select to_regclass('graphile_worker.migrations') is not null as present`)
  if (rows[0]?.present !== true) return 0
  const { rows: found } = await client.query<{ version: number }>('select coalesce(max(id), 0)::int as version from graphile_worker.migrations')
  return found[0]?.version ?? 0
}

async function isOpenToServing(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ open: boolean }>(`select exists (select 1 from pg_policies where schemaname = 'graphile_worker' and tablename = '_private_jobs' and policyname = 'serving') as open`)
  return rows[0]?.open === true
}

/** The library's tables have row security, which hides every row from all but their owner: the serving role is let in by a policy. */
const OPEN_TO_SERVING = `
  grant usage on schema graphile_worker to ${SERVING_ROLE};
  grant select on all tables in schema graphile_worker to ${SERVING_ROLE};
  grant usage on all sequences in schema graphile_worker to ${SERVING_ROLE};
  grant execute on all functions in schema graphile_worker to ${SERVING_ROLE};
  do $$
  declare
    v_table text;
  begin
    for v_table in select tablename from pg_tables where schemaname = 'graphile_worker' and tablename <> 'migrations' loop
      execute format('grant insert, update, delete on graphile_worker.%I to ${SERVING_ROLE}', v_table);
      execute format('drop policy if exists serving on graphile_worker.%I', v_table);
      execute format('create policy serving on graphile_worker.%I to ${SERVING_ROLE} using (true) with check (true)', v_table);
    end loop;
  end $$;`
