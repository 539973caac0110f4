// Names become numbers, and facts that disagree settle the same way in whatever order they come.
import { describe, expect, test } from 'vitest'
import { contextBits, PopulationBuilder } from '../../scoring/population-builder.ts'
import { ObservationContext, TransactionType } from '../../scoring/population.ts'

describe('the population builder', () => {
  test('a name keeps its number, and kinds keep equal values apart', () => {
    const builder = new PopulationBuilder()
    expect([builder.account('a'), builder.account('b'), builder.account('a')]).toEqual([0, 1, 0])
    expect(builder.findAccount('b')).toBe(1)
    expect(builder.findAccount('c')).toBe(-1)
    const device = builder.identifier({ kind: 'device', value: 'x' })
    expect(builder.identifier({ kind: 'payment', value: 'x' })).not.toBe(device)
    expect(builder.identifier({ kind: 'device', value: 'x' })).toBe(device)
    expect(builder.build(0).identifiers.kinds).toEqual(['device', 'payment'])
  })

  test('flags add up and the smaller model word wins, in either order', () => {
    const models = [['iPhone', 'Android'], ['Android', 'iPhone']].map((words) => {
      const builder = new PopulationBuilder()
      words.forEach((model, index) => builder.identifier({ kind: 'device', value: 'x', flags: 1 << index, model }))
      builder.identifier({ kind: 'device', value: 'y', model: 'Android' })
      const { identifiers } = builder.build(0)
      expect(identifiers.flags[0]).toBe(3)
      return identifiers.model[0] === identifiers.model[1]
    })
    expect(models).toEqual([true, true])
  })

  test('what is not said is unknown', () => {
    const builder = new PopulationBuilder()
    const account = builder.account('a')
    builder.observe({ account, identifier: builder.identifier({ kind: 'ip', value: '1' }) })
    builder.transaction({ account, type: 'spend', amount: 3, currency: 'USD' })
    const referral = builder.referral({ inviter: account, invitee: account })
    builder.addAtStake(referral, 2.5)
    const { accounts, observations, transactions, referrals } = builder.build(9)
    expect([accounts.createdAt[0], accounts.organisation[0], accounts.parent[0]]).toEqual([Number.NaN, -1, -1])
    expect([observations.at[0], observations.context[0], observations.contextWords[0]]).toEqual([Number.NaN, 0, ''])
    expect([transactions.at[0], transactions.item[0], transactions.refunds[0], transactions.type[0]]).toEqual([Number.NaN, -1, -1, TransactionType.spend])
    expect([referrals.at[0], referrals.clickedAt[0], referrals.channel[0], referrals.atStake[0]]).toEqual([Number.NaN, Number.NaN, 0, 2.5])
  })

  test('more rows than a column began with are all kept', () => {
    const builder = new PopulationBuilder()
    for (let row = 0; row < 5000; row++) builder.transaction({ account: builder.account(`${row}`), type: 'payment', amount: row, currency: 'EUR', at: row })
    const { transactions } = builder.build(1)
    expect(transactions.count).toBe(5000)
    expect(transactions.amount[4321]).toBe(4321)
    expect(transactions.at.length).toBe(5000)
  })

  test('contexts are read word by word', () => {
    expect(contextBits('')).toBe(0)
    expect(contextBits('login')).toBe(ObservationContext.login)
    expect(contextBits('API|own')).toBe(ObservationContext.api | ObservationContext.own)
    expect(contextBits('erc20:x|signup')).toBe(ObservationContext.other | ObservationContext.signup)
    expect(contextBits('other')).toBe(ObservationContext.other)
  })
})
