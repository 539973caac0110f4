// A generated world is a consistent export folder in memory, the same for the same request, with everything in it that its card promises.
// Method: whole worlds are generated and every row is checked against the others.
import { describe, expect, it } from 'vitest'
import { generateWorld, worldNames } from '../../datasets/generate.ts'
import { skillLabels } from '../../datasets/skills.ts'
import { stratumLabels } from '../../datasets/strata.ts'
import type { World } from '../../datasets/world.ts'

const worlds = worldNames.map((world) => generateWorld({ world, seed: 1, accounts: 5000 }))
const varied = [1, 2, 3, 4, 5, 6, 7, 8].map((variation) =>
  generateWorld({ world: worldNames[variation % worldNames.length] ?? '', seed: 3, accounts: 1000, variation }))
const everyWorld = [...worlds, ...varied]

describe('generateWorld', () => {
  it('gives the same rows for the same world, seed, accounts and variation', () => {
    const request = { world: 'desktop', seed: 5, accounts: 400, variation: 2 }
    expect(generateWorld(request)).toEqual(generateWorld(request))
  })

  it('gives other rows for another world, seed, size or variation', () => {
    const base = { world: 'desktop', seed: 5, accounts: 400 }
    const ids = [base, { ...base, seed: 6 }, { ...base, accounts: 401 }, { ...base, variation: 1 }, { ...base, variation: 2 }, { ...base, world: 'campus' }]
      .map((request) => generateWorld(request).accounts.map((row) => `${row.account_id}${row.created_at}`).join())
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('has as many accounts as asked for', () => {
    for (const accounts of [60, 200, 1234, 5000]) {
      expect(generateWorld({ world: 'mobile', seed: 2, accounts }).accounts).toHaveLength(accounts)
    }
  })

  it('refuses an unknown world and a world too small to hold anything', () => {
    expect(() => generateWorld({ world: 'moon', seed: 1, accounts: 100 })).toThrow(/no world named moon/)
    expect(() => generateWorld({ world: 'mobile', seed: 1, accounts: 59 })).toThrow(/60 accounts/)
  })

  it('refers only to accounts and transactions that exist, and names each once', () => {
    for (const world of everyWorld) {
      const accounts = new Set(world.accounts.map((row) => row.account_id))
      expect(accounts.size).toBe(world.accounts.length)
      const transactions = new Set(world.transactions.map((row) => row.transaction_id))
      expect(transactions.size).toBe(world.transactions.length)
      const named = [
        ...world.observations, ...world.transactions, ...world.payouts, ...world.labels,
      ].map((row) => row.account_id)
      for (const row of [...world.referrals, ...world.rebates, ...world.referral_labels]) named.push(row.inviter_id, row.invitee_id)
      for (const row of world.clicks) if (row.account_id !== '') named.push(row.account_id)
      expect(named.filter((id) => !accounts.has(id))).toEqual([])
      const used = [...world.transactions.map((row) => row.refunds), ...world.rebates.map((row) => row.transaction_id)]
      expect(used.filter((id) => id !== '' && !transactions.has(id))).toEqual([])
    }
  })

  it('invites every account at most once and nobody by himself, and labels every referral', () => {
    for (const world of everyWorld) {
      expect(new Set(world.referrals.map((row) => row.invitee_id)).size).toBe(world.referrals.length)
      expect(world.referrals.filter((row) => row.inviter_id === row.invitee_id)).toEqual([])
      expect(world.referral_labels.map((row) => [row.inviter_id, row.invitee_id]))
        .toEqual(world.referrals.map((row) => [row.inviter_id, row.invitee_id]))
    }
  })

  it('orders times sensibly: sign-up first, then referral, sessions, money, refunds', () => {
    for (const world of everyWorld) {
      const createdAt = new Map(world.accounts.map((row) => [row.account_id, row.created_at]))
      const start = Math.min(...createdAt.values())
      const transactionAt = new Map(world.transactions.map((row) => [row.transaction_id, row.occurred_at]))
      for (const row of world.referrals) {
        expect(row.created_at).toBeGreaterThanOrEqual(createdAt.get(row.invitee_id) ?? Infinity)
        if (row.channel !== 'claim') expect(createdAt.get(row.inviter_id)).toBeLessThan(row.created_at)
      }
      const early = world.observations.filter((row) => row.context !== 'click' && row.observed_at < (createdAt.get(row.account_id) ?? Infinity))
      expect(early).toEqual([])
      const earlyMoney = world.transactions.filter((row) => row.occurred_at < (createdAt.get(row.account_id) ?? Infinity))
      expect(earlyMoney).toEqual([])
      const earlyRefunds = world.transactions.filter((row) => row.refunds !== '' && row.occurred_at <= (transactionAt.get(row.refunds) ?? Infinity))
      expect(earlyRefunds).toEqual([])
      expect(world.observations.every((row) => row.observed_at >= start - 90 * 86_400)).toBe(true)
    }
  })

  it('has amounts above zero with at most two decimals', () => {
    for (const world of everyWorld) {
      for (const row of [...world.transactions, ...world.rebates, ...world.payouts]) {
        if (!(row.amount > 0) || Math.abs(row.amount * 100 - Math.round(row.amount * 100)) > 1e-6) {
          expect.fail(`amount ${row.amount}`)
        }
      }
    }
  })

  it('holds every honest stratum, framed referrals, every skill and a dozen rings at 5,000 accounts', () => {
    for (const world of worlds) {
      expect(strataOf(world, 0)).toEqual(new Set([...Object.values(stratumLabels), 'framed']))
      expect(strataOf(world, 1)).toEqual(new Set(Object.values(skillLabels)))
      const rings = new Set(world.labels.filter((row) => row.is_abuser === 1).map((row) => row.cluster))
      expect(rings.size).toBeGreaterThanOrEqual(12)
    }
  })

  it('keeps self-invitations between a half and five and a half per cent of referrals', () => {
    for (const world of everyWorld) {
      const share = world.referral_labels.filter((row) => row.is_self_invite === 1).length / world.referral_labels.length
      expect(share).toBeGreaterThan(0.005)
      expect(share).toBeLessThan(0.055)
    }
  })

  it('never labels an honest inviter for the accounts that a poisoner signed up through its link', () => {
    for (const world of worlds) {
      const labels = new Map(world.labels.map((row) => [row.account_id, row]))
      const framed = world.referral_labels.filter((row) => row.stratum === 'framed')
      expect(framed.length).toBeGreaterThan(0)
      for (const row of framed) {
        expect(row.is_self_invite).toBe(0)
        expect(labels.get(row.invitee_id)?.source).toBe('poisoner')
        expect(labels.get(row.inviter_id)?.cluster).not.toBe(labels.get(row.invitee_id)?.cluster)
      }
    }
  })

  it('pushes the device of a hub-pusher onto more than 51 accounts', () => {
    for (const world of worlds) {
      const pushed = new Set(world.labels.filter((row) => row.source === 'hub_pusher').map((row) => row.account_id))
      const users = new Map<string, Set<string>>()
      for (const row of world.observations) {
        if (!row.kind.startsWith('device') || !pushed.has(row.account_id)) continue
        users.set(row.value, (users.get(row.value) ?? new Set()).add(row.account_id))
      }
      expect(Math.max(...[...users.values()].map((accounts) => accounts.size))).toBeGreaterThan(51)
    }
  })

  it('holds no value that a reader may take for a card number', () => {
    for (const world of everyWorld) {
      expect(world.observations.filter((row) => /[0-9]{13}/.test(row.value))).toEqual([])
      expect(world.transactions.filter((row) => /[0-9]{13}/.test(row.payment_instrument))).toEqual([])
    }
  })

  it('draws worlds that differ in what their platforms record', () => {
    const columns = new Set(varied.map((world) => JSON.stringify(world.absentColumns)))
    expect(columns.size).toBeGreaterThan(4)
    const kinds = new Set(varied.map((world) => [...new Set(world.observations.map((row) => row.kind))].sort().join()))
    expect(kinds.size).toBeGreaterThan(4)
  })
})

function strataOf(world: World, isSelfInvite: 0 | 1): Set<string> {
  return new Set(world.referral_labels.filter((row) => row.is_self_invite === isSelfInvite).map((row) => row.stratum))
}
