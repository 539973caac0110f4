// Rebates in another asset than their programme's have no value there: a scan says so instead of ranking them as worth nothing in silence.
import { expect, test } from 'vitest'
import { generateWorld } from '../../datasets/generate.ts'
import { writeWorld } from '../../datasets/write.ts'
import { generalModel } from '../../scoring/model/general.ts'
import { importFolder } from '../../src/intake/import-folder.ts'
import { runScan } from '../../src/scans/index.ts'
import { useDatabase } from '../database.ts'
import { Folders } from '../folders/folder-on-disk.ts'

const { database, clock, keys } = await useDatabase()

test('a scan names the assets that its expected loss leaves out', async () => {
  const folders = new Folders()
  await folders.open()
  try {
    const directory = folders.path('world')
    // The world counts in EUR, the programme in USD.
    writeWorld(generateWorld({ world: 'desktop', seed: 3, accounts: 300 }), directory)
    await importFolder(database, directory, { keys, clock, actorId: 1n, program: 'apiyi' })
    const result = await runScan(database, { keys, clock, actorId: 1n, model: generalModel })
    if (!result.ok) throw new Error(result.reason)
    const booked = await database.prisma.$queryRaw<{ count: bigint }[]>`
      SELECT count(DISTINCT r.referral_id) AS count FROM rebate r JOIN position p ON p.rebate_id = r.id
        WHERE r.asset = 'EUR' AND p.amount > 0 AND r.referral_id IS NOT NULL`
    expect(Number(booked[0]?.count)).toBeGreaterThan(0)
    expect(result.summary.unvalued).toEqual({ EUR: Number(booked[0]?.count) })
  } finally {
    await folders.close()
  }
})
