// The label must not be readable from anything that says nothing about behaviour: ids, positions, formats, seconds.
// Method: over several worlds, each such attribute is used as a score, and its area under the ROC curve must stay near one half.
import { describe, expect, it } from 'vitest'
import { generateWorld, worldNames } from '../../datasets/generate.ts'
import type { World } from '../../datasets/world.ts'

type Attribute = (world: World) => Map<string, number>

const worlds = worldNames.map((world) => generateWorld({ world, seed: 2, accounts: 5000 }))
const varied = [1, 2, 3, 4, 5, 6].map((variation) =>
  generateWorld({ world: worldNames[variation % 3] ?? '', seed: variation, accounts: 2000, variation }))

const accountAttributes: { readonly [name: string]: Attribute } = {
  'account id': ofAccounts((row) => hexValue(row.account_id)),
  'first letter of the account id': ofAccounts((row) => row.account_id.charCodeAt(0)),
  'row of the account': (world) => new Map(rankWithinDay(world.accounts.map((row) => [row.account_id, row.created_at]))),
  'second of sign-up': ofAccounts((row) => row.created_at % 60),
  'length of the phone number': ofAccounts((row) => row.phone.length),
  'last digits of the phone number': ofAccounts((row) => Number(row.phone.slice(-4))),
  'invite code': ofAccounts((row) => hexValue(row.invite_code)),
  'length of the e-mail address': ofAccounts((row) => row.email.length),
  'status': ofAccounts((row) => (row.status === 'active' ? 0 : 1)),
  'second of observations': meanOf((world) => world.observations.map((row) => [row.account_id, row.observed_at % 60])),
  'length of device values': meanOf((world) => world.observations.filter((row) => row.kind.startsWith('device')).map((row) => [row.account_id, row.value.length])),
  'rarity of the user agent': userAgentRarity,
  'length of the user agent': meanOf((world) => world.observations.filter((row) => row.user_agent !== '').map((row) => [row.account_id, row.user_agent.length])),
  'second of transactions': meanOf((world) => world.transactions.map((row) => [row.account_id, row.occurred_at % 60])),
  'transaction id': meanOf((world) => world.transactions.map((row) => [row.account_id, hexValue(row.transaction_id)])),
  'cents of recharges': meanOf((world) => world.transactions.filter((row) => row.type === 'recharge').map((row) => [row.account_id, Math.round(row.amount * 100) % 100])),
  'length of the payment instrument': meanOf((world) => world.transactions.filter((row) => row.payment_instrument !== '').map((row) => [row.account_id, row.payment_instrument.length])),
}

describe('labels do not leak', () => {
  for (const [name, attribute] of Object.entries(accountAttributes)) {
    it(`${name} separates neither abusers nor self-invitations from others`, () => {
      for (const set of [worlds, varied]) {
        const { accounts, referrals } = areas(set, attribute)
        expect(accounts).toBeGreaterThan(0.4)
        expect(accounts).toBeLessThan(0.6)
        expect(referrals).toBeGreaterThan(0.4)
        expect(referrals).toBeLessThan(0.6)
      }
    })
  }

  it('the position of a referral in its file says nothing about it', () => {
    for (const set of [worlds, varied]) {
      const rows = set.flatMap((world) => world.referral_labels.map((row, index) =>
        ({ score: index / world.referral_labels.length, isPositive: row.is_self_invite === 1 })))
      expect(areaUnderRoc(rows)).toBeGreaterThan(0.4)
      expect(areaUnderRoc(rows)).toBeLessThan(0.6)
    }
  })

  it('no column is filled for abusers alone or for honest accounts alone', () => {
    const expectedMin = 15
    for (const world of [...worlds, ...varied]) {
      const abusers = new Set(world.labels.filter((row) => row.is_abuser === 1).map((row) => row.account_id))
      for (const rows of [world.accounts, world.observations, world.transactions] as const) {
        for (const [column, filled] of filledShares(rows, abusers)) {
          if ((filled.honest + filled.abuser) * (abusers.size / world.accounts.length) < expectedMin) continue
          expect(filled.abuser > 0, `${column} filled for no abuser`).toBe(true)
          expect(filled.honest > 0, `${column} filled for no honest account`).toBe(true)
        }
      }
    }
  })

  it('the area under the curve notices a leak when there is one', () => {
    const leaking: Attribute = (world) => new Map(world.labels.map((row, index) => [row.account_id, row.is_abuser + (index % 7)]))
    expect(areas(worlds, leaking).accounts).toBeGreaterThan(0.6)
  })
})

function ofAccounts(value: (row: World['accounts'][number]) => number): Attribute {
  return (world) => new Map(world.accounts.map((row) => [row.account_id, value(row)]))
}

function meanOf(values: (world: World) => readonly (readonly [string, number])[]): Attribute {
  return (world) => {
    const sums = new Map<string, [number, number]>()
    for (const [id, value] of values(world)) {
      const [sum, count] = sums.get(id) ?? [0, 0]
      sums.set(id, [sum + value, count + 1])
    }
    return new Map([...sums].map(([id, [sum, count]]) => [id, sum / count]))
  }
}

function userAgentRarity(world: World): Map<string, number> {
  const counts = new Map<string, number>()
  for (const row of world.observations) counts.set(row.user_agent, (counts.get(row.user_agent) ?? 0) + 1)
  return meanOf(() => world.observations.map((row) => [row.account_id, Math.log(counts.get(row.user_agent) ?? 1)]))(world)
}

/** The order of rows among those of one day: what is left of the position when time is taken away. */
function rankWithinDay(rows: readonly (readonly [string, number])[]): [string, number][] {
  const seen = new Map<number, number>()
  return rows.map(([id, at]) => {
    const day = Math.floor(at / 86_400)
    const rank = seen.get(day) ?? 0
    seen.set(day, rank + 1)
    return [id, rank]
  })
}

function hexValue(text: string): number {
  return parseInt(text.slice(1, 8), 16)
}

interface Scored { readonly score: number; readonly isPositive: boolean }

/** Why operators count once: the accounts of one operator are alike by nature, and a large ring would pass for a leak. */
function areas(set: readonly World[], attribute: Attribute): { accounts: number; referrals: number } {
  const accounts: Scored[] = []
  const referrals: Scored[] = []
  for (const world of set) {
    const values = attribute(world)
    const labels = new Map(world.labels.map((row) => [row.account_id, row]))
    const operators = new Map<string, number[]>()
    for (const row of world.labels) {
      const score = values.get(row.account_id)
      if (score === undefined) continue
      if (row.is_abuser === 0) accounts.push({ score, isPositive: false })
      else operators.set(row.cluster, [...(operators.get(row.cluster) ?? []), score])
    }
    accounts.push(...meansOf(operators))
    const rings = new Map<string, number[]>()
    for (const row of world.referral_labels) {
      const score = values.get(row.invitee_id)
      if (score === undefined) continue
      const ring = labels.get(row.invitee_id)?.cluster ?? ''
      if (row.is_self_invite === 0) referrals.push({ score, isPositive: false })
      else rings.set(ring, [...(rings.get(ring) ?? []), score])
    }
    referrals.push(...meansOf(rings))
  }
  return { accounts: areaUnderRoc(accounts), referrals: areaUnderRoc(referrals) }
}

function meansOf(groups: ReadonlyMap<string, readonly number[]>): Scored[] {
  return [...groups.values()].map((scores) =>
    ({ score: scores.reduce((sum, score) => sum + score, 0) / scores.length, isPositive: true }))
}

/** Mann and Whitney (1947): the chance that a positive scores above a negative, ties counting half. */
function areaUnderRoc(rows: readonly Scored[]): number {
  const sorted = [...rows].sort((one, other) => one.score - other.score)
  const positives = rows.filter((row) => row.isPositive).length
  let rankSum = 0
  for (let start = 0; start < sorted.length;) {
    let end = start
    while (end < sorted.length && sorted[end]?.score === sorted[start]?.score) end++
    for (let index = start; index < end; index++) if (sorted[index]?.isPositive === true) rankSum += (start + end + 1) / 2
    start = end
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (rows.length - positives))
}

function filledShares(rows: readonly object[], abusers: ReadonlySet<string>): Map<string, { abuser: number; honest: number }> {
  const filled = new Map<string, { abuser: number; honest: number }>()
  for (const row of rows) {
    const entries = Object.entries(row)
    const id = String(entries.find(([column]) => column === 'account_id')?.[1] ?? '')
    for (const [column, value] of entries) {
      if (value === '') continue
      const counts = filled.get(column) ?? { abuser: 0, honest: 0 }
      if (abusers.has(id)) counts.abuser++
      else counts.honest++
      filled.set(column, counts)
    }
  }
  return filled
}
