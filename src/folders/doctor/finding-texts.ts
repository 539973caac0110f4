// The wording of every finding, English and Chinese: first what is so, then what to do about it.
import type { Language } from '../refusals.ts'

type Text = readonly [sentence: string, advice: string]

const texts = {
  coverage: {
    en: ['{device} of accounts have a device, {payment} a means of payment, {ip} an address, {other} another identifier.',
      'The more of the three each account has, the sharper the answer: device and payment decide, an address supports.'],
    'zh-CN': ['{device} 的账户有设备信息,{payment} 有支付方式,{ip} 有 IP 地址,{other} 有其他标识符。',
      '三类信息越齐全,结论越准确:设备与支付方式起决定作用,IP 地址起辅助作用。'],
  },
  no_identifiers: {
    en: ['No account has any identifier.', 'Add observations.csv, or payment instruments in transactions.csv: without them nothing can be linked.'],
    'zh-CN': ['没有任何账户带有标识符。', '请补充 observations.csv,或在 transactions.csv 中提供支付方式;否则无法建立关联。'],
  },
  few_devices: {
    en: ['{share} of accounts have a device: too few to rely on.', 'Devices are the strongest evidence after payment: export them for every account, old ones included.'],
    'zh-CN': ['{share} 的账户有设备信息,覆盖不足。', '设备是仅次于支付方式的有力证据:请为每个账户(包括老账户)导出。'],
  },
  few_payments: {
    en: ['{share} of accounts have a means of payment: too few to rely on.', 'It is the strongest evidence: send the processor\'s fingerprint with every payment.'],
    'zh-CN': ['{share} 的账户有支付方式,覆盖不足。', '这是最有力的证据:请随每笔支付发送支付机构的指纹。'],
  },
  few_addresses: {
    en: ['{share} of accounts have an IP address: too few to rely on.', 'Addresses support what devices and payments say: export those of sign-up and login.'],
    'zh-CN': ['{share} 的账户有 IP 地址,覆盖不足。', 'IP 地址可佐证设备与支付证据:请导出注册和登录时的地址。'],
  },
  constant_address: {
    en: ['One address ({mask}) is on {share} of accounts: your own proxy?', 'Take the client address from the header that your outermost proxy sets, and export again.'],
    'zh-CN': ['同一地址({mask})出现在 {share} 的账户上:是否为自己的代理服务器?', '请从最外层代理设置的请求头中取客户端地址,然后重新导出。'],
  },
  popular_addresses: {
    en: ['{addresses} addresses are each on {least} of accounts or more, the largest ({mask}) on {share}: a carrier, a campus, or your own proxies?', 'If they are yours, take the client address from the header that your outermost proxy sets, and export again.'],
    'zh-CN': ['有 {addresses} 个地址各自出现在至少 {least} 的账户上,最多的({mask})占 {share}:是运营商、校园,还是自己的代理服务器?', '如果是自己的代理,请从最外层代理设置的请求头中取客户端地址,然后重新导出。'],
  },
  constant_identifier: {
    en: ['One value of {kind} ({mask}) is on {share} of accounts: a default or a test value?', 'Leave the value empty where the platform does not know it.'],
    'zh-CN': ['{kind} 的同一个值({mask})出现在 {share} 的账户上:是否为默认值或测试值?', '平台不掌握该值时请留空。'],
  },
  private_addresses: {
    en: ['{share} of address observations are private or reserved addresses.', 'These are addresses inside your own network: record the client address at the edge.'],
    'zh-CN': ['{share} 的地址记录是内网或保留地址。', '这些是自有网络内部的地址:请在网络边缘记录客户端地址。'],
  },
  masked_cards: {
    en: ['{share} of payment identifiers are masked numbers.', 'Thousands of cards share one mask. Send the payment processor\'s card fingerprint instead.'],
    'zh-CN': ['{share} 的支付标识符是掩码卡号。', '成千上万张卡会有相同掩码,请改用支付机构提供的卡指纹。'],
  },
  bare_devices: {
    en: ['{share} of device observations do not say which kind of device id they are.', 'Name the subtype (device:install, device:cookie or device:fingerprint): a bare one counts as the weakest.'],
    'zh-CN': ['{share} 的设备记录没有说明是哪种设备标识。', '请写明子类型(device:install、device:cookie 或 device:fingerprint):未写明时按最弱的一种处理。'],
  },
  untimed_observations: {
    en: ['{share} of observations have no time.', 'Times tell sharing before an invitation from sharing after it: add observed_at.'],
    'zh-CN': ['{share} 的观测记录没有时间。', '时间可以区分邀请前与邀请后的共用:请补充 observed_at。'],
  },
  many_zones: {
    en: ['Times are written with {count} offsets from UTC: {offsets}.', 'That is fine if each is right. If sources disagree on the zone, orders of events are wrong.'],
    'zh-CN': ['时间使用了 {count} 种 UTC 偏移:{offsets}。', '若各自正确则无妨;若各来源时区不一致,事件先后会出错。'],
  },
  whole_days: {
    en: ['{share} of sign-up times fall on midnight exactly.', 'Export the full time: the order within a day is strong evidence.'],
    'zh-CN': ['{share} 的注册时间恰好是零点。', '请导出完整时间:一天之内的先后是有力的证据。'],
  },
  referral_before_signup: {
    en: ['Referrals older than the sign-up of the account invited: {count} ({share}).', 'Check which time is exported as created_at, and its zone.'],
    'zh-CN': ['{count} 条邀请关系({share})早于被邀请账户的注册时间。', '请核对 created_at 导出的是哪个时间及其时区。'],
  },
  zone_shift: {
    en: ['{share} of referrals lie {hours} h from the sign-up they belong to: a zone mistake?', 'One of the two files has its times in another zone than it says.'],
    'zh-CN': ['{share} 的邀请关系与对应注册时间相差 {hours} 小时:时区是否有误?', '两个文件之一的时间与其标注的时区不符。'],
  },
  events_before_signup: {
    en: ['Transactions older than the sign-up of their account: {count} ({share}).', 'Check the zone of both files, and whether accounts were migrated from elsewhere.'],
    'zh-CN': ['{count} 笔交易({share})早于其账户的注册时间。', '请核对两个文件的时区,以及账户是否由其他系统迁入。'],
  },
  no_referrals: {
    en: ['There are no referrals.', 'Accounts are scored and rings are found, but no referral can be judged: add referrals.csv.'],
    'zh-CN': ['没有邀请关系。', '仍会为账户评分并寻找团伙,但无法判断任何邀请:请补充 referrals.csv。'],
  },
  not_payable: {
    en: ['Referrals that are not payable: {count} ({self} to oneself, {second} by a second inviter, {cycles} closing a circle).', 'They are kept as facts for detection. If the platform paid on them, look at its attribution.'],
    'zh-CN': ['{count} 条邀请关系不可付奖:自己邀请自己 {self} 条,重复邀请人 {second} 条,形成回环 {cycles} 条。', '它们仍作为检测事实保留。若平台曾为其付奖,请检查归因逻辑。'],
  },
  events_without_program: {
    en: ['{share} of referrals name no programme, though others do.', 'Fill the program column on every row, or on none.'],
    'zh-CN': ['{share} 的邀请关系没有写明活动,而其他行写了。', 'program 列请全部填写,或全部不填。'],
  },
  events_outside: {
    en: ['{share} of transactions belong to accounts that nobody invited: they earn under no programme.', 'Expected, unless referrals.csv covers only part of the time.'],
    'zh-CN': ['{share} 的交易属于未被邀请的账户,不在任何活动中产生返利。', '属正常情况,除非 referrals.csv 只覆盖了部分时间。'],
  },
  repeated_rows: {
    en: ['Rows of {file} that repeat earlier ones word for word: {count}.', 'Each was counted once. A join that multiplies rows is the usual cause.'],
    'zh-CN': ['{file} 中有 {count} 行与之前的行完全相同。', '已只计一次。通常由关联查询重复行引起。'],
  },
  refused_rows: {
    en: ['Rows refused in {file}: {count} ({share}); the first is line {line}, {column}: {reason}.', 'Every refused row is listed with line, column and reason.'],
    'zh-CN': ['{file} 中有 {count} 行({share})被拒绝;首个:第 {line} 行 {column}:{reason}。', '所有被拒绝的行均列出行号、列名和原因。'],
  },
  refused_cells: {
    en: ['Optional cells left out in {file}: {count}; the first is line {line}, {column}: {reason}.', 'Their rows were kept without them.'],
    'zh-CN': ['{file} 中有 {count} 个可选单元格被忽略;首个:第 {line} 行 {column}:{reason}。', '所在行已保留。'],
  },
  refused_file: {
    en: ['{file} could not be read to its end: line {line}: {reason}.', 'What was read before that line counts; export the file again.'],
    'zh-CN': ['{file} 未能读到末尾:第 {line} 行:{reason}。', '该行之前的内容有效;请重新导出该文件。'],
  },
  unknown_columns: {
    en: ['{file} has columns that mean nothing here: {columns}.', 'They were ignored. Check the spelling if one of them should count.'],
    'zh-CN': ['{file} 中有无法识别的列:{columns}。', '已忽略。若其中某列应当生效,请检查拼写。'],
  },
  unknown_files: {
    en: ['Files that mean nothing here: {files}.', 'They were ignored. Check the spelling if one of them should count.'],
    'zh-CN': ['无法识别的文件:{files}。', '已忽略。若其中某文件应当生效,请检查拼写。'],
  },
  quiet_months: {
    en: ['{file} has no or hardly any rows in {months}.', 'If the platform was busy then, export those months again: a gap hides rings.'],
    'zh-CN': ['{file} 在 {months} 几乎没有数据。', '若当时业务正常,请重新导出这些月份:缺口会掩盖团伙。'],
  },
  time_in_future: {
    en: ['The latest time in the folder is {latest}, which is yet to come.', 'Find the rows with --as-of now: they move everything that is measured against the present.'],
    'zh-CN': ['文件夹中最晚的时间是 {latest},尚未到来。', '可用 --as-of 指定当前时刻找出这些行:它们会影响所有以当前为基准的计算。'],
  },
  loose_refunds: {
    en: ['Refunds or disputes whose transaction is not in the folder: {count}.', 'Export the original transactions as well, or the amounts refunded cannot be placed.'],
    'zh-CN': ['{count} 笔退款或争议所指的原交易不在文件夹中。', '请同时导出原交易,否则退款金额无法归位。'],
  },
  loose_rebates: {
    en: ['Pairs with rebates and no referral: {count}.', 'Export the referrals behind them, or that money is missing from what is at stake.'],
    'zh-CN': ['{count} 对账户的返利没有对应的邀请关系。', '请导出对应的邀请关系,否则这些金额不会计入风险敞口。'],
  },
  unvalued_money: {
    en: ['Amounts in other currencies are not valued: {amounts}.', 'Choose the programme\'s currency with --currency; nothing is converted.'],
    'zh-CN': ['其他币种的金额未计入:{amounts}。', '可用 --currency 指定活动币种;不做任何换算。'],
  },
  all_well: {
    en: ['Nothing was found that would mislead the results.', ''],
    'zh-CN': ['未发现会误导结果的问题。', ''],
  },
} as const satisfies Record<string, Record<Language, Text>>

export type FindingCode = keyof typeof texts

export const findingTexts: Readonly<Record<FindingCode, Record<Language, Text>>> = texts
