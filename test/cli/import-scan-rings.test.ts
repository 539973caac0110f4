// `ringfence import`, `scan` and `rings` one after the other, as an operator runs them: what they print, what they refuse, and exit
// codes that a script can trust.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateWorld } from '../../datasets/generate.ts'
import { writeWorld } from '../../datasets/write.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { Folders } from '../folders/folder-on-disk.ts'
import { ran } from './review-commands.ts'

const given = await useDatabase()
const { database, owner } = given
const folders = new Folders()
beforeAll(async () => {
  await folders.open()
  given.clock.set(new Date('2027-01-01T00:00:00Z'))
})
afterAll(() => folders.close())

describe('ringfence rings before any scan', () => {
  test('says that there was none', async () => {
    expect(await ran(given, 'rings')).toMatchObject({ code: 0, printed: 'No rings: the last scan found none, or there was no scan yet (ringfence scan).' })
    expect(await ran(given, 'rings', 'show', '7')).toMatchObject({ code: 2, complained: 'There is no ring 7.' })
    expect((await ran(given, 'rings', 'show', 'seven')).code).toBe(2)
  })
})

describe('ringfence import', () => {
  test('loads a folder and says what it loaded, refused and ignored', async () => {
    const directory = await folders.write({
      'accounts.csv': 'account_id,created_at,shoe_size\nm,2026-01-01T00:00:00Z,44\nn,2026-01-01,45\n',
      'notes.txt': 'nothing',
    })
    const { code, printed, complained } = await ran(given, 'import', directory, '--program', 'first')
    expect(code).toBe(0)
    expect(printed).toContain('2 rows, 1 accepted, 1 refused, ignored columns: shoe_size')
    expect(printed).toContain('ignored files: notes.txt')
    expect(complained).toMatch(/^accounts\.csv:3 created_at: the time has no zone/)
  })

  test('refuses a folder without accounts, a wrong programme key and, if strict, the first bad row, with exit code 2', async () => {
    expect(await ran(given, 'import', folders.path('nowhere'))).toMatchObject({ code: 2 })
    expect(await ran(given, 'import', '.', '--program', 'No Such Key')).toMatchObject({ code: 2 })
    const directory = await folders.write({ 'accounts.csv': 'account_id,created_at\nn,2026-01-01\n' })
    expect(await ran(given, 'import', directory, '--strict')).toMatchObject({ code: 2 })
  })

  test('earns rebates on events from the given time on, once, and none without it', async () => {
    const directory = await folders.write({
      'accounts.csv': 'account_id,created_at\nx,2026-01-01T00:00:00Z\ny,2026-01-02T00:00:00Z\n',
      'referrals.csv': 'inviter_id,invitee_id,created_at\nx,y,2026-01-02T00:00:00Z\n',
      'transactions.csv': ['transaction_id,account_id,type,amount,currency,occurred_at,refunds', 'e1,y,recharge,100,USD,2026-02-01T00:00:00Z,',
        'e2,y,recharge,40,USD,2026-03-01T00:00:00Z,', 'e3,y,refund,10,USD,2026-03-02T00:00:00Z,e2'].join('\n'),
    })
    const earning = ['import', directory, '--program', 'earning', '--accrue-from', '2026-02-15T00:00:00Z']
    expect((await ran(given, ...earning)).printed).toContain('1 rebates earned.')
    expect((await ran(given, ...earning)).printed).not.toContain('earned')
    expect((await ran(given, 'import', directory, '--program', 'earning')).code).toBe(0)
    const rebates = await database.prisma.rebate.findMany({ where: { kind: 'rebate' } })
    expect(rebates).toMatchObject([{ amount: 2_000_000n, asset: 'USD' }])
    const available = await database.prisma.$queryRaw<{ amount: bigint }[]>`
      SELECT p.amount FROM position p JOIN book_account b ON b.id = p.book_account_id WHERE b.kind = 'reward_available' AND p.rebate_id = ${rebates[0]?.id ?? 0n}`
    expect(available).toEqual([{ amount: 1_500_000n }])
    expect(await database.prisma.event.count()).toBe(3)
    await expectBooksToBalance(owner)
  })
})

describe('ringfence scan and rings', () => {
  test('find the planted rings, rank them by expected loss and show why', async () => {
    const directory = folders.path('world')
    writeWorld(generateWorld({ world: 'campus', seed: 9, accounts: 400 }), directory)
    expect((await ran(given, 'import', directory, '--program', 'campus')).code).toBe(0)
    const scanned = await ran(given, 'scan', '--json')
    expect(scanned.code).toBe(0)
    const summary = JSON.parse(scanned.printed) as { rings: { total: number; new: number }; referrals: { total: number }; scan_id: string }
    expect(summary.rings.total).toBeGreaterThan(2)
    expect(summary.rings.new).toBe(summary.rings.total)

    const listed = JSON.parse((await ran(given, 'rings', '--json', '--top', '3')).printed) as { rings: { id: string; expected_loss: string; case_id: string }[] }
    expect(listed.rings).toHaveLength(3)
    const losses = listed.rings.map((ring) => Number(ring.expected_loss))
    expect(losses).toEqual([...losses].sort((left, right) => right - left))
    expect(losses[0]).toBeGreaterThan(0)
    const first = listed.rings[0]?.id ?? ''
    expect((await ran(given, 'rings', '--top', '1')).printed).toMatch(new RegExp(`^ring ${first} .* case ${listed.rings[0]?.case_id}\\n`))

    const english = await ran(given, 'rings', 'show', first)
    expect(english.printed).toMatch(/Reasons, in bits:\n +[+−]\d/)
    expect(english.printed).toMatch(/the ring grows from here/)
    expect((await ran(given, 'rings', 'show', first, '--lang', 'zh-CN')).printed).toMatch(/\p{Script=Han}/u)
    const page = JSON.parse((await ran(given, 'rings', 'show', first, '--json')).printed) as { members: unknown[]; accounts: number }
    expect(page.members).toHaveLength(page.accounts)

    expect((await ran(given, 'scan')).printed).toContain(`${summary.rings.total} rings (as before)`)
  })

  test('say in their help what the exit codes are, with examples', async () => {
    for (const command of ['import', 'scan', 'rings']) {
      const { printed } = await ran(given, command, '--help')
      expect(printed).toContain('Examples:')
      expect(printed).toContain('Exit codes:')
    }
  })
})
