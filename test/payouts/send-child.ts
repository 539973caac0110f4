// The child of the kill test: sends what was released, to a server on the loopback that may never answer.
// Usage: node --import tsx test/payouts/send-child.ts URL PORT NOW

import { manualClock } from '../../src/base/clock.ts'
import { openDatabase } from '../../src/base/database.ts'
import { createStripeProcessor, sendPayouts } from '../../src/payouts/index.ts'
import { testKeys } from '../database.ts'

const [url = '', port = '', now = ''] = process.argv.slice(2)
const database = openDatabase(url, { connections: 2 })
const processor = createStripeProcessor({ secretKey: 'sk_test_loopback', webhookSecret: 'whsec_test', server: { host: '127.0.0.1', port: Number(port), protocol: 'http' } })
await sendPayouts({ database, keys: testKeys(), clock: manualClock(new Date(now)), actorId: 1n, processor })
await database.close()
