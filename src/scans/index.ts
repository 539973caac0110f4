// Scans: one run over the whole population, its verdicts, rings and cases, and what is different from the last.

export type { ScanSummary } from './differences.ts'
export { type ScanOptions, type ScanResult, runScan } from './run-scan.ts'
