// Renames what Prisma read from the database: models in Pascal case, fields in camel case, each mapped to its SQL name.
// Promises: running it twice changes nothing, and every SQL name stays reachable through @map or @@map.

const FIELD = /^ {2}(\w+)(\s+)(\w+)(\??|\[\])?(.*)$/
const LISTS = /(fields: |references: |@@(?:unique|id|index)\()\[([^\]]*)\]/g

/** Takes and returns the text of a Prisma schema. */
export function inCamelCase(schema: string): string {
  const models = new Set([...schema.matchAll(/^model (\w+) \{/gm)].map((match) => match[1] ?? ''))
  let model = ''
  let mapped = false
  const lines: string[] = []
  for (const line of schema.split('\n')) {
    const opening = /^model (\w+) \{/.exec(line)
    if (opening) {
      model = opening[1] ?? ''
      mapped = false
      lines.push(`model ${pascal(model)} {`)
    } else if (model !== '' && line === '}') {
      if (!mapped && pascal(model) !== model) lines.push(`  @@map("${model}")`)
      model = ''
      lines.push(line)
    } else if (model !== '') {
      if (line.includes('@@map(')) mapped = true
      lines.push(renameLine(line, models))
    } else {
      lines.push(line)
    }
  }
  return lines.join('\n')
}

function renameLine(line: string, models: ReadonlySet<string>): string {
  const lists = line.replace(LISTS, (_whole, before: string, names: string) => `${before}[${names.replace(/\b[a-z]\w*/g, camelName)}]`)
  const field = FIELD.exec(lists)
  if (field === null || line.trim().startsWith('@@') || line.trim().startsWith('//')) return lists
  const [, name = '', space = ' ', type = '', suffix = '', rest = ''] = field
  const isRelation = models.has(type)
  const mapping = !isRelation && camel(name) !== name && !rest.includes('@map(') ? ` @map("${name}")` : ''
  return `  ${camel(name)}${space}${isRelation ? pascal(type) : type}${suffix}${mapping}${rest}`
}

/** Leaves `sort: Desc` and other words of index lists alone. */
function camelName(word: string): string {
  return word === 'sort' || word === 'ops' || word === 'raw' ? word : camel(word)
}

function camel(name: string): string {
  return name.replace(/_+(\w)/g, (_whole, letter: string) => letter.toUpperCase())
}

function pascal(name: string): string {
  const joined = camel(name)
  return joined.charAt(0).toUpperCase() + joined.slice(1)
}
