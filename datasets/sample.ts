// The committed sample folder: the campus world made small enough to read, with more rings than its size would have.
import { generateFromSettings } from './generate.ts'
import type { World } from './world.ts'
import { campus } from './worlds/campus.ts'

/** About two hundred accounts; each identifier of an account is noted once, when it was first seen. */
export function sampleWorld(): World {
  const parameters = {
    ...campus.parameters,
    prevalence: 0.14, influencer: 0.3, ringTail: 1, expert: 0.03, creditBot: 0.08, hubPusher: 0, laundering: 0,
    sessionsMedian: 4, observesOnce: 1,
  }
  return generateFromSettings({ ...campus, parameters }, { world: 'campus', seed: 7, accounts: 200 })
}
