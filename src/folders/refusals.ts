// Why something in an export folder was not accepted: a closed set of reasons, where it stands, and a sentence in each
// language. It promises that no refusal repeats a value of the folder, because any value may be an identifier.

export type Language = 'en' | 'zh-CN'

/** What is lost: one optional cell (its row is kept), one row, the rest of a file, or the whole folder. */
export type RefusalScope = 'cell' | 'row' | 'file' | 'folder'

export interface Refusal {
  readonly refused: true
  readonly scope: RefusalScope
  /** Name as on the disk, e.g. `accounts.csv.gz`. */
  readonly file: string
  /** First line of the record, counted from 1 with the header; 0 where no line can be named. */
  readonly line: number
  /** Name of the column as the contract spells it, or empty where the whole row is meant. */
  readonly column: string
  readonly reason: RefusalReason
}

const texts = {
  missing_folder: ['the folder does not exist or is not a directory', '文件夹不存在,或不是目录'],
  missing_file: ['this file is required and is not in the folder', '缺少必需的文件'],
  ambiguous_file: ['the file is there both plain and compressed: keep one', '同一文件同时存在压缩与未压缩版本,请只保留一个'],
  unreadable_file: ['the file cannot be opened or read', '文件无法打开或读取'],
  wrong_encoding: ['the file is not UTF-8 text: export it as UTF-8', '文件不是 UTF-8 文本,请以 UTF-8 导出'],
  broken_compression: ['the gzip data is damaged or ends too early: nothing after this line was read', 'gzip 数据损坏或不完整:此行之后的内容未读取'],
  missing_header: ['the first line names none of the expected columns: is the header missing?', '首行没有任何预期的列名:是否缺少表头?'],
  missing_column: ['a required column is not in the header', '表头缺少必需的列'],
  duplicate_column: ['the header names this column twice', '表头中该列出现两次'],
  unclosed_quote: ['a quote opened in this row is never closed: nothing after this line was read', '此行的引号没有闭合:此行之后的内容未读取'],
  wrong_cell_count: ['the row has more or fewer cells than the header; this is the first one missing or left over', '该行的单元格数与表头不符;此列为首个缺失或多余的列'],
  bad_quoting: ['a quote stands where RFC 4180 allows none', '引号位置不符合 RFC 4180'],
  bare_carriage_return: ['a carriage return stands alone: end lines with LF or CRLF', '出现单独的回车符:请使用 LF 或 CRLF 换行'],
  record_too_long: ['the row is longer than 1 MiB, or one of its cells than 65,536 characters', '该行超过 1 MiB,或某个单元格超过 65,536 个字符'],
  nul_byte: ['the row contains a NUL byte', '该行包含 NUL 字节'],
  invalid_utf8: ['the cell is not valid UTF-8', '单元格不是有效的 UTF-8'],
  missing_value: ['the cell is required and empty', '必填单元格为空'],
  value_too_long: ['the value is longer than this column allows', '值超过该列允许的长度'],
  control_character: ['the value contains a control character', '值中包含控制字符'],
  time_invalid: ['not a time: give ISO 8601 with zone, or seconds since 1970', '不是有效时间:请使用带时区的 ISO 8601 或自 1970 年起的秒数'],
  time_without_zone: ['the time has no zone: write Z or an offset such as +08:00', '时间缺少时区:请写 Z 或 +08:00 之类的偏移'],
  time_out_of_range: ['the time is before 1990 or after 2199: are these milliseconds?', '时间早于 1990 年或晚于 2199 年:是否误用了毫秒?'],
  time_after_as_of: ['the time is after the moment given as --as-of', '时间晚于 --as-of 指定的时刻'],
  amount_not_a_number: ['not a plain decimal number', '不是普通的十进制数'],
  amount_negative: ['the amount is negative: reversals have types of their own', '金额为负:冲销应使用专门的类型'],
  amount_over_precision: ['the amount has more decimals than its currency can hold (six; whole days for DAY)', '金额小数位超出该币种的精度(最多六位;DAY 须为整数)'],
  amount_too_large: ['the amount is larger than the books can hold', '金额超出账本可容纳的范围'],
  unknown_word: ['not one of the words this column allows', '不是该列允许的取值'],
  too_many_words: ['this column already holds more distinct words than can be told apart', '该列的不同取值过多'],
  bad_currency: ['not a currency code of three letters, nor DAY', '不是三位字母的币种代码,也不是 DAY'],
  bad_count: ['not a whole number above zero', '不是大于零的整数'],
  bad_json: ['not a JSON object of plain values', '不是由简单值组成的 JSON 对象'],
  raw_card_number: ['this looks like a full card number: send the processor\'s fingerprint or a mask instead', '疑似完整银行卡号:请改为发送支付机构的指纹或掩码'],
  display_shows_value: ['the mask shows the whole value: it is left out, and a mask of our own is used', '掩码显示了完整的值:已忽略,改用系统生成的掩码'],
  bad_kind: ['not a kind of identifier: letters, digits and a colon, such as device:install', '不是有效的标识符类型,例如 device:install'],
  not_an_address: ['not an IP address', '不是有效的 IP 地址'],
  not_an_email: ['not an e-mail address', '不是有效的电子邮箱'],
  not_a_phone_number: ['not a phone number', '不是有效的电话号码'],
  not_a_host: ['not a host name', '不是有效的主机名'],
  duplicate_id: ['the same id was read before with other content; the first stays', '相同 id 此前已读取且内容不同;以首次为准'],
  unknown_account: ['the account is not in the accounts file', '账户不在 accounts 文件中'],
} as const satisfies Record<string, readonly [string, string]>

export type RefusalReason = keyof typeof texts

export function refusalText(reason: RefusalReason, language: Language = 'en'): string {
  return texts[reason][language === 'en' ? 0 : 1]
}

/** One line for a person: `referrals.csv:17 created_at: the time has no zone …`. */
export function describeRefusal(refusal: Refusal, language: Language = 'en'): string {
  const line = refusal.line > 0 ? `:${refusal.line}` : ''
  const column = refusal.column === '' ? '' : ` ${refusal.column}`
  return `${refusal.file}${line}${column}: ${refusalText(refusal.reason, language)}`
}

export function isRefusal(item: object): item is Refusal {
  return 'refused' in item
}
