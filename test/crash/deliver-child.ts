// The child of the crash test: delivers what is due against a given database once, and ends. Its parent may kill it at any moment.
// Usage: node --import tsx test/crash/deliver-child.ts URL

import { manualClock } from '../../src/base/clock.ts'
import { openDatabase } from '../../src/base/database.ts'
import { createOutgoing } from '../../src/base/outgoing.ts'
import { deliverDue } from '../../src/delivery/index.ts'
import { testKeys } from '../database.ts'

const [url = ''] = process.argv.slice(2)
const database = openDatabase(url, { connections: 2 })
await deliverDue({ database, keys: testKeys(), clock: manualClock(new Date('2026-06-01T12:00:00Z')), outgoing: createOutgoing({ allowedRanges: ['127.0.0.1/32'] }) })
await database.close()
