// The part of `ringfence evaluate --json` that the benches print, and how they print it.

import { table } from './command.ts'

export interface MeasuredSubject {
  readonly ranking: { readonly rows: number; readonly positives: number; readonly averagePrecision: number; readonly recalls: readonly { readonly recall: number }[] }
  readonly reliability: { readonly brier: number; readonly expectedCalibrationError: number; readonly upper: { readonly rows: number; readonly claimed: number; readonly observed: number } }
  readonly strata: readonly { readonly name: string; readonly isPositive: boolean; readonly rows: number; readonly shareOverHalf: number }[]
  readonly baselines: readonly { readonly name: string; readonly averagePrecision: number; readonly recalls: readonly number[] }[]
}

export interface Measured {
  readonly sample: string
  readonly referrals: MeasuredSubject | null
  readonly accounts: MeasuredSubject | null
  readonly rings: { readonly bCubed: { readonly precision: number; readonly recall: number } } | null
}

const figure = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(3))

/** The model and every plain rule, ranked and at the false-positive rates of 0.1, 1 and 3.5 %. */
export function comparison(subject: MeasuredSubject): string {
  return table([
    ['', 'PR-AUC', 'recall at 0.1 % FPR', 'at 1 %', 'at 3.5 %'],
    ['**Ringfence**', figure(subject.ranking.averagePrecision), ...subject.ranking.recalls.map(({ recall }) => figure(recall))],
    ...subject.baselines.map((rule) => [rule.name, figure(rule.averagePrecision), ...rule.recalls.map(figure)]),
  ])
}

export function calibration({ reliability }: MeasuredSubject): string {
  const { upper } = reliability
  return `Brier ${reliability.brier.toFixed(4)}, ECE ${reliability.expectedCalibrationError.toFixed(4)}; `
    + `scored one half or more: ${upper.rows}, claimed ${figure(upper.claimed)}, observed ${figure(upper.observed)}`
}
