// Makes the database that upgrades are tested with: the code of the previous release tells itself a small history through its own commands
// and its own API, and this version backs that database up. Run: node --import tsx test/keeping/make-previous-release.ts RELEASE
// RELEASE is a checkout of that release with its packages installed. What it makes is committed: run it once per release.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { systemClock } from '../../src/base/clock.ts'
import { openDatabase } from '../../src/base/database.ts'
import { startEmbeddedPostgres } from '../../src/base/embedded-postgres.ts'
import { backUp } from '../../src/keeping/index.ts'
import { fixedKeys } from './fixed-keys.ts'
import { sumsOf } from './sums.ts'

const release = resolve(process.argv[2] ?? '')
const target = join(import.meta.dirname, 'previous-release')
const directory = mkdtempSync(join(tmpdir(), 'ringfence-previous-'))
const keys = fixedKeys()
const environment = {
  ...process.env, DATABASE_URL: undefined, RINGFENCE_DATA: directory, RINGFENCE_PORT: '0', RINGFENCE_LOG_LEVEL: 'error',
  ...Object.fromEntries(Object.entries(keys).map(([purpose, ring]) => [`RINGFENCE_KEYS_${purpose.toUpperCase()}`, ring.map(({ id, secret }) => `${id}:${secret.toString('hex')}`).join(',')])),
}
const program = join(release, 'src', 'cli', 'ringfence.mjs')

function run(...parameters: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...parameters], { encoding: 'utf8', env: environment })
  if (status !== 0) throw new Error(`${parameters.join(' ')}: ${status} ${stdout}${stderr}`)
  return stdout
}

interface Served {
  readonly process: ChildProcess
  post(path: string, body: unknown): Promise<Record<string, unknown>>
}

async function serve(): Promise<Served> {
  const child = spawn(process.execPath, [program, 'serve'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  let [token, url] = ['', '']
  for await (const line of createInterface({ input: child.stdout })) {
    token ||= /rf_[0-9a-z]{8}_[\w-]{43}/.exec(line)?.[0] ?? ''
    url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? ''
    if (url !== '') break
  }
  let asked = 0
  return {
    process: child,
    async post(path, body) {
      const answer = await fetch(`${url}${path}`, {
        method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': `history-${++asked}` }, body: JSON.stringify(body),
      })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
      return JSON.parse(text) as Record<string, unknown>
    },
  }
}

const at = (minute: number): string => new Date(Date.UTC(2026, 4, 20, 8, minute)).toISOString()
const eventOf = (id: string, type: string, account: string, minute: number, more: Record<string, unknown> = {}) => ({ source: 'shop', event_id: id, type, account, occurred_at: at(minute), ...more })
const seen = (device: string) => ({ observations: [{ kind: 'device:install', value: device }, { kind: 'payment:fingerprint', value: `card-${device}` }, { kind: 'ip', value: '203.0.113.9' }] })

/** A ring of an inviter with three alts, friends who are none, refunds, a dispute, a transfer, spending, and what waits for its original. */
async function tell({ post }: Served): Promise<void> {
  await post('/v1/programs', {
    key: 'shop', name: 'shop', effective_from: '2026-01-01T00:00:00Z', rules: {
      asset: 'USD', reward: { kind: 'rate', ratePpm: 50_000 }, zone: 'Asia/Shanghai', linkTemplate: 'https://shop.example/register?code={code}',
      shareText: { en: 'Sign up with {code}: {link}' },
      enforcement: { actions: ['hold', 'cancel', 'freeze', 'reclaim', 'restrict'], termsVersion: '1', termsUrl: 'https://shop.example/terms' },
    },
  })
  const { code } = await post('/v1/accounts', { program: 'shop', account: 'inviter' })
  const { code: other } = await post('/v1/accounts', { program: 'shop', account: 'honest' })
  const alts = ['alt1', 'alt2', 'alt3']
  const friends = ['friend1', 'friend2', 'friend3', 'friend4']
  await post('/v1/events', { events: [
    eventOf('s-inviter', 'signup', 'inviter', 0, seen('d1')),
    eventOf('s-honest', 'signup', 'honest', 1, seen('d9')),
    ...alts.flatMap((name, place) => [
      eventOf(`s-${name}`, 'signup', name, 10 + place, { code, ...seen('d1') }),
      eventOf(`r-${name}`, 'recharge', name, 20 + place, { amount: '100', currency: 'USD', bonus: '10', ...seen('d1') }),
    ]),
    ...friends.flatMap((name, place) => [
      eventOf(`s-${name}`, 'signup', name, 30 + place, { code: place < 2 ? code : other, observations: [{ kind: 'device:install', value: name }] }),
      eventOf(`r-${name}`, 'recharge', name, 40 + place, { amount: `${33 + place}.333333`, currency: 'USD' }),
    ]),
    eventOf('back-1', 'refund', 'friend1', 50, { original: 'r-friend1', amount: '11.111111', currency: 'USD' }),
    eventOf('back-2', 'refund', 'friend2', 51, { original: 'r-friend2' }),
    eventOf('dispute-1', 'dispute_opened', 'friend3', 52, { original: 'r-friend3' }),
    eventOf('early', 'refund', 'friend4', 53, { original: 'never-came', amount: '1', currency: 'USD' }),
    eventOf('spent-1', 'spend', 'friend1', 54, { amount: '5', currency: 'USD' }),
  ] })
  await post('/v1/members/transfer', { program: 'shop', account: 'honest', asset: 'USD', amount: 'all' })
  await post('/v1/events', { events: [
    eventOf('spent-2', 'spend', 'honest', 56, { amount: '0.5', currency: 'USD' }),
    eventOf('back-4', 'refund', 'friend4', 57, { original: 'r-friend4', amount: '30', currency: 'USD' }),
  ] })
}

/** Freezes the first ring, takes that back, and freezes it again; the last decision stays. */
function decide(): void {
  const { rings: [ring] } = JSON.parse(run('rings', '--json')) as { rings: { id: string }[] }
  const id = ring?.id ?? ''
  const freeze = (): string => {
    const plan = JSON.parse(run('plan', '--ring', id, '--action', 'freeze', '--json')) as { plan_id: string; hash: string }
    return (JSON.parse(run('apply', plan.plan_id, '--hash', plan.hash, '--reason', 'self_invitation', '--note', 'one desk', '--json')) as { decision_id: string }).decision_id
  }
  run('undo', freeze(), '--reason', 'household')
  freeze()
}

try {
  const world = join(directory, 'world')
  run('generate', 'campus', '--seed', '7', '--accounts', '60', '--out', world)
  run('import', world, '--program', 'main', '--currency', 'USD')
  const served = await serve()
  await tell(served)
  const ended = once(served.process, 'exit')
  served.process.kill('SIGTERM')
  await ended
  run('scan')
  decide()
  run('verify')

  const server = await startEmbeddedPostgres(join(directory, 'postgres'))
  const database = openDatabase(server.url('ringfence'), { role: null })
  rmSync(target, { recursive: true, force: true })
  await backUp({ database, keys, clock: systemClock }, target)
  writeFileSync(join(import.meta.dirname, 'previous-release.json'), `${JSON.stringify({ migrations: readdirSync(join(release, 'prisma', 'migrations')).filter((name) => /^\d/.test(name)), sums: await sumsOf(database.pool) }, null, 1)}\n`)
  await database.close()
} finally {
  await (await startEmbeddedPostgres(join(directory, 'postgres'))).stop()
  rmSync(directory, { recursive: true, force: true })
}
