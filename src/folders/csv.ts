// CSV as reports write it: the one writer of base.

export { csvCell, csvLine, disarm, type CsvCell } from '../base/csv.ts'
