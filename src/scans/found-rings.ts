// Rings of a detection, indexed as the population was, become rings of the database: ids instead of indices, money exact.

import type { Detection, Ring } from '../../scoring/detection.ts'
import { scaleHalfEven } from '../base/money.ts'
import type { LoadedPopulation } from '../population/index.ts'
import type { FoundRing } from '../rings/index.ts'
import type { ScanProgram } from './scan-programs.ts'

/** Probabilities as parts per billion, so that money is multiplied by whole numbers only. */
const BILLION = 1_000_000_000

export function foundRings(loaded: LoadedPopulation, detection: Detection, programs: ReadonlyMap<number, ScanProgram>): FoundRing[] {
  return detection.rings.map((ring) => {
    const program = programOf(ring, loaded, programs)
    return {
      members: ring.members.map((member) => ({
        accountId: loaded.accountIds[member.account] ?? 0,
        score: member.score,
        tiedToId: member.tiedTo === member.account || member.tiedTo < 0 ? null : (loaded.accountIds[member.tiedTo] ?? null),
        identifierId: member.identifier < 0 ? null : (loaded.identifierIds[member.identifier] ?? null),
        bits: member.bits,
      })),
      factIds: ring.referrals.map((referral) => loaded.factIds[referral] ?? 0),
      programId: program?.id ?? null,
      probability: ring.probability,
      expectedLoss: expectedLoss(ring, loaded, detection, { programs, asset: program?.asset ?? '' }),
      asset: program?.asset ?? anyAsset(programs),
      reasons: ring.reasons,
    }
  })
}

/** The programme of most of the ring's referrals; the older one among equals. */
function programOf(ring: Ring, loaded: LoadedPopulation, programs: ReadonlyMap<number, ScanProgram>): ScanProgram | undefined {
  const counts = new Map<number, number>()
  for (const referral of ring.referrals) {
    const id = loaded.programIds[referral] ?? 0
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const [most] = [...counts].sort((left, right) => right[1] - left[1] || left[0] - right[0])
  return most === undefined ? undefined : programs.get(most[0])
}

/** Σ probability × amount at stake, of the programmes that count in this asset: others are not converted. */
function expectedLoss(
  ring: Ring, loaded: LoadedPopulation, detection: Detection, by: { programs: ReadonlyMap<number, ScanProgram>; asset: string },
): bigint {
  let loss = 0n
  for (const referral of ring.referrals) {
    const program = by.programs.get(loaded.programIds[referral] ?? 0)
    if (program === undefined || program.asset !== by.asset) continue
    const units = BigInt(Math.round((loaded.population.referrals.atStake[referral] ?? 0) * program.unitsPerOne))
    loss += scaleHalfEven(units, BigInt(Math.round((detection.referrals.probability[referral] ?? 0) * BILLION)), BigInt(BILLION))
  }
  return loss
}

function anyAsset(programs: ReadonlyMap<number, ScanProgram>): string {
  return [...programs.values()][0]?.asset ?? 'USD'
}
