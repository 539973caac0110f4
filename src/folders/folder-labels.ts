// Labels of a folder, kept apart from everything that decides: they are for fitting and for measuring only.
import type { AccountLabels, ReferralLabels } from '../../scoring/model/training-set.ts'
import type { LabelFact, ReferralLabelFact } from './facts.ts'

export interface FolderLabels {
  readonly accounts: AccountLabels | null
  readonly referrals: ReferralLabels | null
}

export class LabelCollector {
  private readonly accounts: { account: number; fact: LabelFact }[] = []
  private readonly referrals: { inviter: number; invitee: number; fact: ReferralLabelFact }[] = []

  account(fact: LabelFact, account: number): void {
    this.accounts.push({ account, fact })
  }

  referral(fact: ReferralLabelFact, inviter: number, invitee: number): void {
    this.referrals.push({ inviter, invitee, fact })
  }

  /** Labels of pairs that have no referral are counted in `unmatched`. */
  settle(
    accountCount: number,
    referrals: readonly { inviter: number; invitee: number }[],
  ): FolderLabels & { unmatched: number } {
    const { labels, unmatched } = this.settleReferrals(referrals)
    return { accounts: this.settleAccounts(accountCount), referrals: labels, unmatched }
  }

  private settleAccounts(count: number): AccountLabels | null {
    if (this.accounts.length === 0) return null
    const isAbuser = new Int8Array(count).fill(-1)
    const cluster = new Int32Array(count).fill(-1)
    const source = new Array<string>(count).fill('')
    const clusters = new Map<string, number>()
    for (const { account, fact } of this.accounts) {
      isAbuser[account] = fact.isAbuser ? 1 : 0
      source[account] = fact.source ?? ''
      if (fact.cluster === null) continue
      const number = clusters.get(fact.cluster) ?? clusters.size
      clusters.set(fact.cluster, number)
      cluster[account] = number
    }
    return { isAbuser, cluster, source }
  }

  private settleReferrals(
    referrals: readonly { inviter: number; invitee: number }[],
  ): { labels: ReferralLabels | null; unmatched: number } {
    if (this.referrals.length === 0) return { labels: null, unmatched: 0 }
    const byPair = new Map(this.referrals.map((row) => [`${row.inviter} ${row.invitee}`, row.fact]))
    const isSelfInvite = new Int8Array(referrals.length).fill(-1)
    const stratum = new Array<string>(referrals.length).fill('')
    const matched = new Set<string>()
    for (const [index, { inviter, invitee }] of referrals.entries()) {
      const key = `${inviter} ${invitee}`
      const fact = byPair.get(key)
      if (fact === undefined) continue
      matched.add(key)
      isSelfInvite[index] = fact.isSelfInvite ? 1 : 0
      stratum[index] = fact.stratum ?? ''
    }
    return { labels: { isSelfInvite, stratum }, unmatched: byPair.size - matched.size }
  }
}
