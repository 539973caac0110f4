// Goal: amounts stay exact, and what is at stake follows from rebates, or from a rate where there are none.
// Method: properties for the arithmetic; small folders for the rules.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyRate, formatAmount, parseAmount } from '../../src/folders/amounts.ts'
import { readFolder } from '../../src/folders/read-folder.ts'
import type { FolderContents, ReadFolderOptions } from '../../src/folders/read-folder.ts'
import { standingsOf } from '../../src/folders/referral-standing.ts'
import { formatTime, parseTime } from '../../src/folders/times.ts'
import { Folders, opened } from './folder-on-disk.ts'
import type { FileContents } from './folder-on-disk.ts'

const folders = new Folders()
beforeAll(() => folders.open())
afterAll(() => folders.close())

async function contentsOf(files: FileContents, options: ReadFolderOptions = {}): Promise<FolderContents> {
  const result = await readFolder(await opened(await folders.write({ ...base, ...files })), options)
  if (!result.ok) throw new Error(result.refusal.reason)
  return result.contents
}

const base = {
  'accounts.csv': 'account_id,created_at\na,1767225600\nb,1767225700\nc,1767225800\n',
  'referrals.csv': 'inviter_id,invitee_id,created_at\na,b,1767226000\na,c,1767226000\nb,c,1767226001\n',
}
const transactions = 'transaction_id,account_id,type,amount,currency,occurred_at,refunds,funded_by\n'
const rebates = 'rebate_id,inviter_id,invitee_id,amount,currency,occurred_at,status\n'

describe('amounts', () => {
  it('survive text and back to the last micro', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 9_223_372_036_854_775_807n }), fc.constantFrom('USD', 'DAY'), (units, asset) => {
      expect(parseAmount(formatAmount(units, asset), asset)).toEqual({ ok: true, units })
    }))
  })

  it.each([[1_000_000n, 50_000n, 50_000n], [10n, 50_000n, 0n], [30n, 50_000n, 2n], [50n, 50_000n, 2n], [70n, 50_000n, 4n]])(
    '%s at %s parts per million is %s, halves going to the even', (units, rate, expected) => {
      expect(applyRate(units, rate)).toBe(expected)
    })
})

describe('times', () => {
  it('with any offset are the same instant as written in UTC', () => {
    fc.assert(fc.property(fc.integer({ min: 631_152_000, max: 7_258_118_399 }), fc.integer({ min: -14 * 60, max: 14 * 60 }), (seconds, zone) => {
      const local = formatTime(seconds + zone * 60).replace('Z', '')
      const sign = zone < 0 ? '-' : '+'
      const offset = `${String(Math.floor(Math.abs(zone) / 60)).padStart(2, '0')}:${String(Math.abs(zone) % 60).padStart(2, '0')}`
      expect(parseTime(`${local}${sign}${offset}`)).toEqual({ ok: true, seconds, zoneMinutes: zone })
    }))
  })
})

describe('what is at stake', () => {
  it('is the rebates that are neither reversed nor paid out; the paid ones are already gone', async () => {
    const rows = ['r1,a,b,5,USD,1767226100,available', 'r2,a,b,2.5,USD,1767226200,transferred', 'r3,a,b,1,USD,1767226300,reversed',
      'r4,a,b,4,USD,1767226400,paid', 'r5,a,c,3,USD,1767226500,', 'r6,b,a,9,USD,1767226500,pending']
    const { referrals, money, population, loose } = await contentsOf({ 'rebates.csv': `${rebates}${rows.join('\n')}\n` })
    expect(referrals.atStakeUnits).toEqual([7_500_000n, 3_000_000n, 0n])
    expect(referrals.goneUnits).toEqual([4_000_000n, 0n, 0n])
    expect(money).toMatchObject({ basis: 'rebates', currency: 'USD' })
    expect(loose.rebatesWithoutReferral).toBe(1)
    expect([...population.referrals.atStake]).toEqual([7.5, 3, 0])
  })

  it('without rebates is the rate on money paid after the invitation, less returns, to the payable inviter alone', async () => {
    const rows = ['t5,b,refund,40,USD,1767227000,t1,', 't1,b,recharge,100,USD,1767226100,,', 't2,b,recharge,7,USD,1767225900,,',
      't3,b,recharge,50,USD,1767226100,,reward', 't4,b,spend,30,USD,1767226200,,', 't6,c,payment,10,USD,1767226200,,paid',
      't7,b,refund,30,USD,1767227000,t4,', 't8,b,refund,5,USD,1767227000,t2,']
    const { referrals, money } = await contentsOf({ 'transactions.csv': `${transactions}${rows.join('\n')}\n` }, { ratePartsPerMillion: 100_000 })
    expect(referrals.standing).toEqual(['payable', 'payable', 'second_inviter'])
    expect(referrals.atStakeUnits).toEqual([6_000_000n, 1_000_000n, 0n])
    expect(money.basis).toBe('rate')
  })

  it('is told in one currency, and what is in others is named, not converted', async () => {
    const rows = ['r1,a,b,5,USD,1767226100,available', 'r2,a,c,900,JPY,1767226200,available', 'r3,a,c,901,JPY,1767226200,reversed']
    const files = { 'rebates.csv': `${rebates}${rows.join('\n')}\n` }
    expect((await contentsOf(files)).money).toMatchObject({ currency: 'JPY', unvalued: new Map([['USD', 5_000_000n]]) })
    const chosen = await contentsOf(files, { currency: 'USD' })
    expect(chosen.referrals.atStakeUnits).toEqual([5_000_000n, 0n, 0n])
    expect(chosen.money.unvalued).toEqual(new Map([['JPY', 900_000_000n]]))
  })
})

describe('which referrals are payable', () => {
  const row = (inviter: number, invitee: number, createdAt: number, program = '') =>
    ({ inviter, invitee, createdAt, program, inviterId: `id${inviter}` })
  const cases: [title: string, rows: ReturnType<typeof row>[], standings: string[]][] = [
    ['inviting oneself is not', [row(1, 1, 5)], ['self_referral']],
    ['the first inviter in time counts, whatever the order of rows', [row(2, 3, 9), row(1, 3, 5)], ['second_inviter', 'payable']],
    ['ties of time go to the smaller id', [row(2, 3, 5), row(1, 3, 5)], ['second_inviter', 'payable']],
    ['each programme counts for itself', [row(1, 3, 5, 'one'), row(2, 3, 6, 'two')], ['payable', 'payable']],
    ['what closes a circle is not', [row(1, 2, 1), row(2, 3, 2), row(3, 1, 3)], ['payable', 'payable', 'cycle']],
    ['mutual invitations close a circle', [row(1, 2, 1), row(2, 1, 2)], ['payable', 'cycle']],
    ['a refused second inviter closes nothing', [row(1, 2, 1), row(3, 2, 2), row(2, 3, 3)], ['payable', 'second_inviter', 'payable']],
  ]
  it.each(cases)('%s', (_, rows, standings) => {
    expect(standingsOf(rows)).toEqual(standings)
  })
})

describe('clicks', () => {
  it('belong to the referral of the code and the account, the latest before it counting', async () => {
    const { population, loose } = await contentsOf({
      'accounts.csv': 'account_id,created_at,invite_code\na,1767225600,ABC\nb,1767225700,\nc,1767225800,\n',
      'clicks.csv': 'click_id,invite_code,clicked_at,account_id\nk1,abc,1767225900,b\nk2,abc,1767225950,b\nk3,abc,1767226500,b\nk4,abc,1767225900,\n',
    })
    expect([...population.referrals.clickedAt]).toEqual([1767225950, Number.NaN, Number.NaN])
    expect(loose.clicksWithoutReferral).toBe(1)
  })
})
