// The pure rules of the books as tables: positions in, entries out, without a database. One sentence per rule.

import { describe, expect, test } from 'vitest'
import {
  accrualEntries, allocate, customerRefundEntries, type EntryLine, freezeEntries, inverseEntries, type MainBalance, maturityEntries, type Position, releaseEntries, repaymentEntries,
  rewardTransferPlan, spendEntries, takeBackEntries,
} from '../../src/ledger/index.ts'

const MEMBER = 1n
const NOW = new Date('2026-06-01T12:00:00Z')
const EARLIER = new Date('2026-05-01T00:00:00Z')
const LATER = new Date('2026-07-01T00:00:00Z')

const position = (kind: Position['kind'], rebateId: bigint, amount: bigint, more: Partial<Position> = {}): Position => ({
  accountId: MEMBER, kind, asset: 'USD', rebateId, amount, programId: 1n, rebateKind: 'rebate', occurredAt: EARLIER, maturesAt: EARLIER, expiresAt: null, ...more,
})
/** Entries as `kind#rebate` with their sums, zeros left out. */
function sums(entries: readonly EntryLine[]): Record<string, bigint> {
  const found: Record<string, bigint> = {}
  for (const { kind, rebateId, amount } of entries) {
    const name = rebateId === null ? kind : `${kind}#${rebateId}`
    found[name] = (found[name] ?? 0n) + amount
  }
  return Object.fromEntries(Object.entries(found).filter(([, amount]) => amount !== 0n))
}
function expectBalanced(entries: readonly EntryLine[]): void {
  expect(entries.reduce((sum, entry) => sum + entry.amount, 0n)).toBe(0n)
  expect(entries.every((entry) => entry.amount !== 0n)).toBe(true)
}

describe('allocation', () => {
  const two = [position('reward_available', 1n, 5n), position('reward_available', 2n, 3n)]

  test('takes the oldest first and says what it could not cover', () => {
    expect(allocate(two, 6n)).toMatchObject({ parts: [{ amount: 5n }, { amount: 1n }], uncovered: 0n })
    expect(allocate(two, 9n)).toMatchObject({ parts: [{ amount: 5n }, { amount: 3n }], uncovered: 1n })
    expect(allocate(two, 0n)).toEqual({ parts: [], uncovered: 0n })
  })

  test('never takes from a debt', () => {
    expect(allocate([position('debt', 3n, -7n), ...two], 5n).parts).toMatchObject([{ position: { rebateId: 1n } }])
  })

  test('a transfer of reward moves rebates, the oldest first, and only what is available', () => {
    const plan = rewardTransferPlan([position('reward_held', 9n, 100n), ...two], 6n)
    expect(sums(plan.entries)).toEqual({ 'reward_available#1': -5n, 'main_reward#1': 5n, 'reward_available#2': -1n, 'main_reward#2': 1n })
    expect(rewardTransferPlan(two, 'all')).toMatchObject({ amount: 8n, uncovered: 0n })
    expect(rewardTransferPlan(two, 9n)).toMatchObject({ uncovered: 1n })
  })
})

describe('accrual and debt', () => {
  const debts = [position('debt', 1n, -4n), position('debt', 2n, -5n)]
  const accrual = { accountId: MEMBER, rebateId: 7n, asset: 'USD', amount: 6n }

  test('what becomes available repays the oldest debt first', () => {
    const entries = accrualEntries({ ...accrual, into: 'reward_available' }, debts)
    expectBalanced(entries)
    expect(sums(entries)).toEqual({ 'rebate_expense#7': -6n, 'debt#1': 4n, 'debt#2': 2n })
  })

  test('what is pending or held repays nothing yet', () => {
    for (const into of ['reward_pending', 'reward_held'] as const) {
      expect(sums(accrualEntries({ ...accrual, into }, debts))).toEqual({ 'rebate_expense#7': -6n, [`${into}#7`]: 6n })
    }
  })

  test('debts in another asset or of another member are left alone', () => {
    const others = [position('debt', 1n, -4n, { asset: 'EUR' }), position('debt', 2n, -4n, { accountId: 2n })]
    expect(repaymentEntries([accrual], others)).toEqual([])
  })

  test('several arrivals repay one debt together and no more than it', () => {
    const entries = repaymentEntries([{ ...accrual, amount: 3n }, { ...accrual, rebateId: 8n, amount: 3n }], [position('debt', 1n, -4n)])
    expect(sums(entries)).toEqual({ 'reward_available#7': -3n, 'reward_available#8': -1n, 'debt#1': 4n })
  })

  test('pending rebates become available when they mature, not a moment before, and repay debt then', () => {
    const pending = [position('reward_pending', 1n, 5n, { maturesAt: NOW }), position('reward_pending', 2n, 5n, { maturesAt: new Date(NOW.getTime() + 1) })]
    expect(sums(maturityEntries(pending, [position('debt', 9n, -2n)], NOW))).toEqual({ 'reward_pending#1': -5n, 'reward_available#1': 3n, 'debt#9': 2n })
  })
})

describe('freeze and release', () => {
  const all = [
    position('reward_pending', 1n, 1n), position('reward_available', 1n, 2n), position('main_reward', 1n, 3n), position('main_bonus', 2n, 4n, { rebateKind: 'grant' }),
    position('payout_in_transit', 1n, 5n), position('debt', 1n, -6n), position('reward_held', 1n, 7n),
  ]

  test('a freeze follows the reward into the main balance and leaves transit, debt and what is held already', () => {
    expect(sums(freezeEntries(all))).toEqual({
      'reward_pending#1': -1n, 'reward_available#1': -2n, 'reward_held#1': 3n, 'main_reward#1': -3n, 'main_held#1': 3n, 'main_bonus#2': -4n, 'main_held#2': 4n,
    })
  })

  test('no freeze and no reclaim names the money that the member paid', () => {
    const entries = [...freezeEntries(all), ...takeBackEntries({ rebateId: 1n, accountId: MEMBER, asset: 'USD', amount: 99n, sink: 'reclaimed' }, all)]
    expect(entries.some((entry) => entry.kind === 'main_paid')).toBe(false)
  })

  test('a freeze keeps the clock running: a release goes to available when the time has come, else to pending', () => {
    const held = [position('reward_held', 1n, 5n, { maturesAt: NOW }), position('reward_held', 2n, 5n, { maturesAt: LATER })]
    expect(sums(releaseEntries(held, [], NOW))).toEqual({ 'reward_held#1': -5n, 'reward_available#1': 5n, 'reward_held#2': -5n, 'reward_pending#2': 5n })
  })

  test('a release from the main balance goes back to where it came from: bonus or reward', () => {
    const held = [position('main_held', 1n, 5n), position('main_held', 2n, 5n, { rebateKind: 'grant' }), position('main_held', 3n, 5n, { rebateKind: 'opening' })]
    expect(sums(releaseEntries(held, [], NOW))).toEqual({ 'main_held#1': -5n, 'main_reward#1': 5n, 'main_held#2': -5n, 'main_bonus#2': 5n, 'main_held#3': -5n, 'main_reward#3': 5n })
  })

  test('a release of reward first repays debts, a release of sign-up credit repays none', () => {
    const debt = position('debt', 9n, -3n)
    expect(sums(releaseEntries([position('reward_held', 1n, 5n)], [debt], NOW))).toEqual({ 'reward_held#1': -5n, 'reward_available#1': 2n, 'debt#9': 3n })
    expect(sums(releaseEntries([position('reward_held', 1n, 5n, { rebateKind: 'signup_credit' })], [debt], NOW))).toEqual({ 'reward_held#1': -5n, 'reward_available#1': 5n })
  })

  test('an undo is the exact inverse: both together are nothing', () => {
    const entries = freezeEntries(all)
    expect(sums([...entries, ...inverseEntries(entries)])).toEqual({})
  })
})

describe('taking back', () => {
  const takeBack = { rebateId: 1n, accountId: MEMBER, asset: 'USD', sink: 'reclaimed' as const }
  const places = ['main_bonus', 'main_reward', 'main_held', 'reward_available', 'reward_held', 'reward_pending'] as const

  test('takes pending, held, available, then what was moved on, then debt, in this order', () => {
    const positions = places.map((kind) => position(kind, 1n, 2n))
    const order = [...places].reverse()
    for (let taken = 1; taken <= 6; taken++) {
      const expected = Object.fromEntries(order.slice(0, taken).map((kind) => [`${kind}#1`, -2n]))
      expect(sums(takeBackEntries({ ...takeBack, amount: BigInt(taken) * 2n }, positions))).toEqual({ ...expected, 'reclaimed#1': BigInt(taken) * 2n })
    }
    expect(sums(takeBackEntries({ ...takeBack, amount: 13n }, positions))).toMatchObject({ 'debt#1': -1n })
  })

  test('never takes another rebate of the same member', () => {
    expect(sums(takeBackEntries({ ...takeBack, amount: 3n }, [position('reward_available', 2n, 100n)]))).toEqual({ 'debt#1': -3n, 'reclaimed#1': 3n })
  })
})

describe('the main balance', () => {
  const balance: MainBalance = {
    accountId: MEMBER, asset: 'USD', paid: 10n,
    positions: [
      position('main_reward', 1n, 3n), position('main_bonus', 2n, 2n, { expiresAt: LATER }), position('main_bonus', 3n, 2n, { expiresAt: NOW }), position('main_bonus', 4n, 1n),
    ],
  }

  test('spending takes the bonus that expires first, then reward, then paid money', () => {
    expect(sums(spendEntries(balance, 3n, EARLIER).entries)).toMatchObject({ 'main_bonus#3': -2n, 'main_bonus#2': -1n })
    expect(sums(spendEntries(balance, 7n, EARLIER).entries)).toMatchObject({ 'main_bonus#4': -1n, 'main_reward#1': -2n })
    const all = spendEntries(balance, 20n, EARLIER)
    expectBalanced(all.entries)
    expect(sums(all.entries)).toMatchObject({ main_paid: -10n, host_clearing: 10n })
    expect(all.uncovered).toBe(2n)
  })

  test('spending takes no bonus that has ended, also when it was not taken away yet', () => {
    expect(sums(spendEntries(balance, 3n, NOW).entries)).toMatchObject({ 'main_bonus#2': -2n, 'main_bonus#4': -1n })
    expect(sums(spendEntries(balance, 3n, LATER).entries)).toMatchObject({ 'main_bonus#4': -1n, 'main_reward#1': -2n })
  })

  test('a refund to the customer takes paid money only', () => {
    const refund = customerRefundEntries(balance, 12n)
    expect(sums(refund.entries)).toEqual({ main_paid: -10n, cash_clearing: 10n })
    expect(refund.uncovered).toBe(2n)
  })
})
