// Growable columns of numbers: typed arrays that double when full, so that millions of rows cost no object each.

/** A column that grows by appending; `view` is what was appended, without a copy. */
export interface Column<Values> {
  readonly length: number
  push(value: number): void
  set(index: number, value: number): void
  get(index: number): number
  view(): Values
}

interface NumberArray {
  readonly length: number
  [index: number]: number
  set(source: NumberArray): void
  subarray(start: number, end: number): this
}

function createColumn<Values extends NumberArray>(create: (length: number) => Values): Column<Values> {
  let values = create(1024)
  let length = 0
  return {
    get length() {
      return length
    },
    push(value) {
      if (length === values.length) {
        const larger = create(values.length * 2)
        larger.set(values)
        values = larger
      }
      ;(values as NumberArray)[length++] = value
    },
    set(index, value) {
      if (index >= length) throw new RangeError(`row ${index} of ${length}`)
      ;(values as NumberArray)[index] = value
    },
    get(index) {
      if (index >= length) throw new RangeError(`row ${index} of ${length}`)
      return values[index] ?? Number.NaN
    },
    view() {
      return values.subarray(0, length)
    },
  }
}

export const float64Column = (): Column<Float64Array> => createColumn((length) => new Float64Array(length))
export const int32Column = (): Column<Int32Array> => createColumn((length) => new Int32Array(length))
export const uint16Column = (): Column<Uint16Array> => createColumn((length) => new Uint16Array(length))
export const uint8Column = (): Column<Uint8Array> => createColumn((length) => new Uint8Array(length))
