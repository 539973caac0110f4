// A process that scans and says how far it is, so that a test can kill it in the middle: url.

import { generalModel } from '../../scoring/model/general.ts'
import { manualClock } from '../../src/base/clock.ts'
import { openDatabase } from '../../src/base/database.ts'
import { runScan } from '../../src/scans/index.ts'
import { testKeys } from '../database.ts'

const [url = ''] = process.argv.slice(2)
const database = openDatabase(url)
await runScan(database, {
  keys: testKeys(), clock: manualClock(new Date('2027-01-01T00:00:00Z')), actorId: 1n, model: generalModel,
  onProgress: (stage) => process.stdout.write(`${stage}\n`),
})
process.stdout.write('ended\n')
await database.close()
