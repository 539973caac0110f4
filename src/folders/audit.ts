// One audit: an export folder in, the tables, the summary and the report out. It promises the same bytes for the same input,
// options and model but for the timings, that labels decide nothing, and that OUT holds either all files or none of them new.
import { detect, defaultThresholds } from '../../scoring/detect.ts'
import type { Detection, Thresholds } from '../../scoring/detection.ts'
import type { IdentifierLists } from '../../scoring/identifiers/index.ts'
import type { Model } from '../../scoring/model/model.ts'
import { evaluateAudit } from './audit-evaluation.ts'
import { refusalRecord, summaryOf } from './audit-summary.ts'
import type { Timings } from './audit-summary.ts'
import { accountLines, referralLines, ringLines } from './audit-tables.ts'
import { examine } from './doctor/examine.ts'
import { RefusalTally } from './doctor/refused.ts'
import type { ExportFolder } from './open-folder.ts'
import { readFolder } from './read-folder.ts'
import type { FolderContents } from './read-folder.ts'
import type { Language, Refusal } from './refusals.ts'
import { renderReport } from './report/render.ts'
import { WrittenFiles } from './written-files.ts'
import type { WrittenFile } from './written-files.ts'

export interface AuditOptions {
  readonly out: string
  readonly model: Model
  readonly thresholds: Partial<Thresholds>
  readonly language: Language
  readonly productVersion: string
  readonly asOf?: number | undefined
  readonly isStrict?: boolean | undefined
  readonly ratePartsPerMillion?: number | undefined
  readonly currency?: string | undefined
  readonly lists?: IdentifierLists | undefined
  readonly measure: Measure
  readonly onProgress: (stage: string, done: number, total: number) => void
}

/** A clock that never jumps, and the memory of the process: for the timings only. */
export interface Measure {
  monotonicSeconds(): number
  peakMemoryBytes(): number
}

export type AuditResult =
  | { ok: true; contents: FolderContents; detection: Detection; summary: Record<string, unknown>; files: readonly string[] }
  | { ok: false; refusal: Refusal }

const firstRefusalsMax = 100

export async function auditFolder(folder: ExportFolder, options: AuditOptions): Promise<AuditResult> {
  const files = await WrittenFiles.into(options.out)
  try {
    const result = await writeAudit(folder, options, files)
    if (!result.ok) await files.discard()
    return result
  } catch (error) {
    await files.discard()
    throw error
  }
}

async function writeAudit(folder: ExportFolder, options: AuditOptions, files: WrittenFiles): Promise<AuditResult> {
  const stages = new Stopwatch(options.measure)
  const thresholds = { ...defaultThresholds, ...options.thresholds }
  const refused = new RefusalTally()
  const firstRefusals: Refusal[] = []
  const refusalFile = files.file('refusals.jsonl')

  stages.enter('read')
  const reading = await readFolder(folder, {
    asOf: options.asOf, isStrict: options.isStrict, lists: options.lists,
    ratePartsPerMillion: options.ratePartsPerMillion, currency: options.currency,
    onRefusal: (refusal) => {
      refused.add(refusal)
      if (firstRefusals.length < firstRefusalsMax) firstRefusals.push(refusal)
      refusalFile.write(`${JSON.stringify(refusalRecord(refusal))}\n`)
    },
    onProgress: (done, total) => options.onProgress('reading', done, total),
  })
  if (!reading.ok) return { ok: false, refusal: reading.refusal }
  const { contents } = reading

  const detection = detect(contents.population, {
    model: options.model, thresholds,
    onStage: (stage, done, total) => {
      if (stage === 'done') return
      stages.enter(stage)
      options.onProgress(stage, done, total)
    },
  })
  const audited = { contents, detection }

  stages.enter('evaluation')
  options.onProgress('evaluation', 0, 1)
  const evaluation = evaluateAudit(audited, options.model)
  const findings = examine(contents, { refused, now: null, language: options.language })

  stages.enter('write')
  options.onProgress('writing', 0, 5)
  writeLines(files.file('referrals.csv'), referralLines(audited))
  writeLines(files.file('accounts.csv'), accountLines(audited))
  writeLines(files.file('rings.csv'), ringLines(audited))
  const shown = { ...audited, ...options, thresholds, findings, evaluation }
  files.file('report.html').write(renderReport(shown))
  const summary = summaryOf({ ...shown, firstRefusals, timings: stages.finish() })
  files.file('summary.json').write(`${JSON.stringify(summary, numbersThatJsonHas, 2)}\n`)
  return { ok: true, contents, detection, summary, files: await files.publish() }
}

function writeLines(file: WrittenFile, lines: Iterable<string>): void {
  for (const line of lines) file.write(line)
}

/** JSON has neither infinity nor NaN; both become null by name rather than by accident. */
function numbersThatJsonHas(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value
}

class Stopwatch {
  private readonly measure: Measure
  private readonly startedAt: number
  private readonly seconds: Record<string, number> = {}
  private stage = ''
  private enteredAt = 0

  constructor(measure: Measure) {
    this.measure = measure
    this.startedAt = measure.monotonicSeconds()
  }

  enter(stage: string): void {
    this.leave()
    this.stage = stage
    this.enteredAt = this.measure.monotonicSeconds()
  }

  finish(): Timings {
    this.leave()
    return {
      seconds: this.seconds,
      totalSeconds: milliseconds(this.measure.monotonicSeconds() - this.startedAt),
      peakMemoryBytes: this.measure.peakMemoryBytes(),
    }
  }

  private leave(): void {
    if (this.stage === '') return
    const spent = this.measure.monotonicSeconds() - this.enteredAt
    this.seconds[this.stage] = milliseconds((this.seconds[this.stage] ?? 0) + spent)
  }
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
