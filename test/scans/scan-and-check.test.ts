// With nothing new since the scan, the check's probability is the scan's: also when an older transaction was running while the
// facts were written and scanned, so that the scan saw more than everything below the oldest running transaction.
import { expect, test } from 'vitest'
import { generateWorld } from '../../datasets/generate.ts'
import { writeWorld } from '../../datasets/write.ts'
import { generalModel } from '../../scoring/model/general.ts'
import { createChecks } from '../../src/checks/index.ts'
import { importFolder } from '../../src/intake/import-folder.ts'
import { runScan } from '../../src/scans/index.ts'
import { useDatabase } from '../database.ts'
import { Folders } from '../folders/folder-on-disk.ts'

const { database, owner, clock, keys } = await useDatabase()

test('the check gives the probabilities of a scan that ran beside an older transaction', async () => {
  const folders = new Folders()
  await folders.open()
  const older = await owner.pool.connect()
  await older.query('BEGIN')
  await older.query('SELECT pg_current_xact_id()')
  const directory = folders.path('world')
  writeWorld(generateWorld({ world: 'campus', seed: 5, accounts: 300 }), directory)
  await importFolder(database, directory, { keys, clock, actorId: 1n, program: 'main', asset: 'USD' })
  const scan = await runScan(database, { keys, clock, actorId: 1n, model: generalModel })
  if (!scan.ok) throw new Error(scan.reason)
  await older.query('COMMIT')
  older.release()

  const checks = createChecks({ database, keys, clock, refreshMilliseconds: 1_000_000, flushMilliseconds: 1_000_000, deadlineMilliseconds: 5_000 })
  try {
    await checks.start()
    // Other test files' transactions can hold the log back: wait until all of it can be read.
    const end = (await owner.pool.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id')).rows[0]?.id ?? '0'
    const readable = async () => (await owner.pool.query<{ is: boolean }>('SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::text::xid8 AS is', [end])).rows[0]?.is === true
    while (!(await readable())) await new Promise((resolve) => setImmediate(resolve))
    await checks.refresh()
    const { rows } = await owner.pool.query<{ inviter: string; invitee: string; probability: number }>(
      `SELECT a.external_id AS inviter, b.external_id AS invitee, v.probability FROM referral_verdict v JOIN referral_fact f ON f.id = v.fact_id
         JOIN account_identity a ON a.account_id = f.inviter_id JOIN account_identity b ON b.account_id = f.invitee_id WHERE v.scan_id = $1`, [scan.scanId])
    expect(rows.length).toBeGreaterThan(50)
    for (const { inviter, invitee, probability } of rows) {
      const outcome = await checks.evaluate(
        { program: 'main', subject: 'rebate', subject_id: `${inviter} ${invitee}`, inviter, invitee, amount: '1', asset: 'USD' }, { actorId: 1n })
      expect(outcome.ok && outcome.answer.probability, `${inviter} → ${invitee}`).toBe(probability)
    }
  } finally {
    await checks.stop()
    await folders.close()
  }
})
