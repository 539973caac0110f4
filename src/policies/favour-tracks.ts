// Tracks compared between two versions: lost ones, lower rewards, longer waits and movements that are gone or harder.

import { type ProgramRules, type TrackRules, tracksOf } from './program-rules.ts'
import { micros } from './rule-amounts.ts'

export interface LessFavourable {
  /** The path of the rule, such as `tracks.partner.reward`. */
  readonly rule: string
  readonly sentence: string
}

type Finding = readonly [isWorse: boolean, path: string, sentence: string]

/** Every track of the version before, against the one of that name after it. */
export function lessFavourableTracks(before: ProgramRules, after: ProgramRules): LessFavourable[] {
  const next = new Map(tracksOf(after).map((track) => [track.key, track]))
  const findings = tracksOf(before).flatMap((track): Finding[] => {
    const follows = next.get(track.key)
    if (follows === undefined) return [[true, track.key, `The track ${track.key} is gone.`]]
    return [...entry(track, follows), ...reward(track, follows), ...movement(track, follows)]
  })
  return findings.filter(([isWorse]) => isWorse).map(([, path, sentence]) => ({ rule: `tracks.${path}`, sentence }))
}

const ENTRIES: readonly TrackRules['entry'][] = ['default', 'upgrade', 'contract']

function entry(before: TrackRules, after: TrackRules): Finding[] {
  return [[ENTRIES.indexOf(after.entry) > ENTRIES.indexOf(before.entry), `${before.key}.entry`, `The track ${before.key} needs ${after.entry === 'contract' ? 'a contract' : 'an upgrade'}.`]]
}

function reward(before: TrackRules, after: TrackRules): Finding[] {
  const path = `${before.key}.reward`
  const answers: Finding[] = (['claim', 'appeal'] as const).map((what) => [
    after.answerDays[what] > before.answerDays[what], `${before.key}.answerDays`, `A member of the track ${before.key} is answered later: ${what}.`])
  const matures: Finding = [after.maturitySeconds > before.maturitySeconds, `${before.key}.maturitySeconds`, `What the track ${before.key} earns matures later.`]
  const expires: Finding = [
    (after.rewardValidDays ?? Infinity) < (before.rewardValidDays ?? Infinity), `${before.key}.rewardValidDays`, `What the track ${before.key} earns expires sooner.`]
  if (before.asset !== after.asset || before.reward.kind !== after.reward.kind) return [[true, path, `The track ${before.key} is rewarded in another way.`], matures, expires, ...answers]
  return [[isLower(before.reward, after.reward), path, `The reward of the track ${before.key} falls: ${rewardText(after)} instead of ${rewardText(before)}.`], matures, expires, ...answers]
}

type RewardRules = TrackRules['reward']

/** Of two rewards of one kind. */
function isLower(before: RewardRules, after: RewardRules): boolean {
  if (before.kind === 'rate' && after.kind === 'rate') return after.ratePpm < before.ratePpm
  if (before.kind === 'fixed' && after.kind === 'fixed') return micros(after.amount) < micros(before.amount)
  if (before.kind !== 'days' || after.kind !== 'days') return true
  const lengths = [...before.lengths, ...after.lengths]
  return after.daysPerMonth < before.daysPerMonth || after.daysPerYear < before.daysPerYear
    || lengths.some(({ unit, count }) => daysOfLength(after, unit, count) < daysOfLength(before, unit, count))
}

/** What a length that was paid at once earns: its own line of the table, else so many for each of its months or years. */
export function daysOfLength({ daysPerMonth, daysPerYear, lengths }: Extract<RewardRules, { kind: 'days' }>, unit: 'month' | 'year', count: number): number {
  const own = lengths.find((length) => length.unit === unit && length.count === count)
  return own?.days ?? count * (unit === 'month' ? daysPerMonth : daysPerYear)
}

/** `5 %`, `2.50 USD`, `3 days a month, 30 a year`. */
export function rewardText({ reward: rules, asset }: Pick<TrackRules, 'reward' | 'asset'>): string {
  switch (rules.kind) {
    case 'rate': return `${rules.ratePpm / 10_000} %`
    case 'fixed': return `${rules.amount} ${asset}`
    case 'days': return `${rules.daysPerMonth} days a month, ${rules.daysPerYear} a year`
  }
}

const TRANSFERS: readonly TrackRules['movement']['rewardTransfer'][] = ['automatic', 'manual', 'none']

function movement({ key, movement: before }: TrackRules, { movement: after }: TrackRules): Finding[] {
  const path = `${key}.movement`
  const findings: Finding[] = [[
    TRANSFERS.indexOf(after.rewardTransfer) > TRANSFERS.indexOf(before.rewardTransfer), `${path}.rewardTransfer`,
    after.rewardTransfer === 'none' ? `What the track ${key} earns no longer moves to the main balance.` : `What the track ${key} earns no longer moves by itself.`,
  ]]
  if (before.payout === null) return findings
  if (after.payout === null) return [...findings, [true, `${path}.payout`, `The track ${key} is no longer paid out.`]]
  const [old, next] = [before.payout, after.payout]
  const limits: Finding[] = (['dailyLimit', 'monthlyLimit'] as const).map((limit) => [
    next[limit] !== undefined && (old[limit] === undefined || micros(next[limit]) < micros(old[limit])), `${path}.payout.${limit}`, `The ${limit === 'dailyLimit' ? 'daily' : 'monthly'} limit of payouts is new or lower.`])
  return [
    ...findings, ...limits,
    [old.methods.some((method) => !next.methods.includes(method)), `${path}.payout.methods`, `A way of paying the track ${key} out is gone.`],
    [isHigherMinimum(old.minimum, next.minimum), `${path}.payout.minimum`, `The minimum of a payout of the track ${key} rises.`],
  ]
}

type Minimum = NonNullable<TrackRules['movement']['payout']>['minimum']

/** Whoever may request an amount has it on balance, so a minimum on requests is the harder one of the same amount. */
function isHigherMinimum(before: Minimum, after: Minimum): boolean {
  if (after === undefined || micros(after.amount) === 0n) return false
  if (before === undefined) return true
  return micros(after.amount) > micros(before.amount) || (before.on === 'balance' && after.on === 'request')
}
