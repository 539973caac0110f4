// A process that imports a folder and says how far it is, so that a test can kill it in the middle: url, folder.

import { manualClock } from '../../src/base/clock.ts'
import { openDatabase } from '../../src/base/database.ts'
import { importFolder } from '../../src/intake/import-folder.ts'
import { testKeys } from '../database.ts'

const [url = '', directory = ''] = process.argv.slice(2)
const database = openDatabase(url)
await importFolder(database, directory, {
  keys: testKeys(), clock: manualClock(new Date('2027-01-01T00:00:00Z')), actorId: 1n, program: 'main', chunkRows: 150,
  onProgress: (stage) => process.stdout.write(`${stage}\n`),
})
process.stdout.write('done\n')
await database.close()
