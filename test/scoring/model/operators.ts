// A small population with known operators, for the tests of training and evaluation: operators sign their accounts up within
// hours on one device and one card; households share a device over years; strangers share nothing but an office address.
import { PopulationBuilder } from '../../../scoring/population-builder.ts'
import type { AccountLabels, ReferralLabels, TrainingSet } from '../../../scoring/model/training-set.ts'
import { uniform } from './rows.ts'

const day = 86_400
const start = 1_700_000_000

export interface OperatorSettings {
  readonly seed: number
  readonly operators?: number
  readonly households?: number
  readonly strangers?: number
}

export function operatorSet(settings: OperatorSettings): TrainingSet {
  const draw = uniform(settings.seed)
  const builder = new PopulationBuilder()
  const clusters: number[] = []
  const selfInvites: number[] = []
  const strata: string[] = []
  const account = (createdAt: number, cluster: number): number => {
    const index = builder.account(`a${clusters.length}`)
    clusters.push(cluster)
    builder.describeAccount(index, { createdAt })
    builder.transaction({ account: index, type: 'recharge', amount: cluster >= 0 ? 10 : 5 + 200 * draw(), currency: 'USD', at: createdAt + day * draw() })
    return index
  }
  const observe = (of: number, kind: string, value: string, at: number): void =>
    builder.observe({ account: of, identifier: builder.identifier({ kind, value }), at, contextWord: 'login' })
  const refer = (inviter: number, invitee: number, at: number, label: number, stratum: string): void => {
    builder.referral({ inviter, invitee, at, channel: 'link', atStake: 1 + Math.floor(draw() * 9) })
    selfInvites.push(label)
    strata.push(stratum)
  }
  const family = (kind: string, number: number, members: number, cluster: number, spreadDays: number): void => {
    const born = start + 300 * day * draw()
    const accounts = Array.from({ length: members }, (_, i) => account(born + i * spreadDays * day * (0.5 + draw()), cluster))
    for (const [i, member] of accounts.entries()) {
      const at = born + i * spreadDays * day + day
      observe(member, 'device:install', `${kind}-device-${number}`, at)
      observe(member, 'payment:fingerprint', cluster >= 0 ? `${kind}-card-${number}` : `${kind}-card-${number}-${i}`, at)
      observe(member, 'ip', `${kind}-home-${number}`, at)
      if (i > 0) refer(accounts[0]!, member, at - day, cluster >= 0 ? 1 : 0, kind)
    }
  }
  for (let i = 0; i < (settings.operators ?? 30); i++) family('lazy', i, 3 + Math.floor(draw() * 3), i, 0.05)
  for (let i = 0; i < (settings.households ?? 60); i++) family('household', i, 2 + Math.floor(draw() * 2), -1, 120)
  let last = -1
  for (let i = 0; i < (settings.strangers ?? 300); i++) {
    const at = start + 300 * day * draw()
    const stranger = account(at, -1)
    observe(stranger, 'device:install', `device-${i}`, at)
    observe(stranger, 'ip', `office-${i % 10}`, at)
    if (last >= 0 && i % 2 === 1) refer(last, stranger, at, 0, 'friend')
    last = stranger
  }
  const accountLabels: AccountLabels = {
    isAbuser: Int8Array.from(clusters, (cluster) => (cluster >= 0 ? 1 : 0)),
    cluster: Int32Array.from(clusters),
  }
  const referralLabels: ReferralLabels = { isSelfInvite: Int8Array.from(selfInvites), stratum: strata }
  const population = builder.build(start + 1000 * day)
  return { name: `operators-${settings.seed}`, digest: '0'.repeat(64), population, accountLabels, referralLabels }
}
