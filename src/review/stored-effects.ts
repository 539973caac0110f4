// Effects at rest: their hash, their form in the database, and how two lists of effects differ.
// Promises: equal effects have equal hashes in whatever order they were computed.

import { createHash } from 'node:crypto'
import { canonicalJson } from '../base/hashing.ts'
import type { EffectDifference, PlanAction, PlanEffect, PlanPreview } from './plan-types.ts'

/** SHA-256 over the canonical effects, sorted; 64 hexadecimal digits. */
export function hashOfEffects(effects: readonly PlanEffect[]): string {
  return createHash('sha256').update(`[${effects.map(canonicalJson).sort().join(',')}]`).digest('hex')
}

/** What was stored as it is: written by this module alone, into rows that cannot be changed. */
export function effectsFromJson(stored: unknown): readonly PlanEffect[] {
  return stored as readonly PlanEffect[]
}

export function previewFromJson(stored: unknown): PlanPreview {
  return stored as PlanPreview
}

export function actionFromJson(stored: unknown): PlanAction {
  return stored as PlanAction
}

type Json = string | number | boolean | { [name: string]: Json } | Json[]

/** The JSON that PostgreSQL stores: plain data, keys without a value left out. */
export function toJson(value: unknown): Json {
  return JSON.parse(canonicalJson(value)) as Json
}

/** What was planned and is not so now, what is new, and what has other values; empty when nothing differs. */
export function differencesBetween(planned: readonly PlanEffect[], now: readonly PlanEffect[]): EffectDifference[] {
  const left = new Map(planned.map((effect) => [canonicalJson(effect), effect]))
  const added: PlanEffect[] = []
  for (const effect of now) {
    if (!left.delete(canonicalJson(effect))) added.push(effect)
  }
  const differences: EffectDifference[] = []
  for (const effect of left.values()) {
    const place = added.findIndex((each) => subjectOf(each) === subjectOf(effect))
    differences.push({ planned: effect, now: place < 0 ? null : (added.splice(place, 1)[0] ?? null) })
  }
  return [...differences, ...added.map((effect) => ({ planned: null, now: effect }))]
}

/** What an effect is about, so that the two versions of it are shown side by side. */
function subjectOf(effect: PlanEffect): string {
  switch (effect.kind) {
    case 'posting':
      return `posting ${effect.transfer} ${effect.rebateId} ${effect.lines[0]?.book}`
    case 'hold':
      return `hold ${effect.change} ${effect.rebateId} ${effect.referralId} ${effect.reason}`
    case 'referral':
      return `referral ${effect.referralId}`
    case 'restriction':
      return `restriction ${effect.accountId} ${effect.restriction}`
    case 'case':
      return `case ${effect.caseId}`
    case 'gone':
      return `gone ${effect.rebateId}`
    case 'settle':
      return `settle ${effect.eventId}`
    case 'instruction':
      return `instruction ${effect.ask} ${effect.accountId} ${effect.programId} ${effect.asset} ${effect.followsId}`
    case 'third_party':
      return `third party ${effect.concern} ${effect.accountId} ${effect.concern === 'payout_in_transit' ? effect.rebateId : effect.referralId}`
  }
}
