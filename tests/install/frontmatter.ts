/** The rules of the Agent Skills specification and of its reference validator, for a SKILL.md's first lines. */
import { isAlias, isCollection, isMap, isScalar, parseDocument, visit } from 'yaml'

const FIELDS = ['name', 'description', 'license', 'compatibility', 'metadata', 'allowed-tools']

export interface Frontmatter {
  /** What a validator would refuse; empty when it is well. */
  wrong: string[]
  description: string
  body: string
  metadata: Record<string, unknown>
}

/** Reads what stands between the first `---` and the next three dashes, wherever those are: the validator cuts there. */
export function frontmatterOf(text: string, folder: string): Frontmatter {
  const [before, front, ...rest] = text.split('---')
  const wrong: string[] = []
  if (before !== '' || front === undefined || rest.length === 0)
    return { wrong: ['it does not begin with a frontmatter'], description: '', body: '', metadata: {} }
  if (!front.startsWith('\n') || !front.endsWith('\n')) wrong.push('three dashes inside the frontmatter cut it')
  // Plain strings, as strict YAML takes them.
  const document = parseDocument(front, { schema: 'failsafe', strict: true, uniqueKeys: true, logLevel: 'silent' })
  wrong.push(...[...document.errors, ...document.warnings].map(({ message }) => message.split('\n')[0] ?? ''))
  visit(document, (_key, node) => {
    if (isCollection(node) && node.flow) wrong.push('flow style')
    if (isAlias(node) || ((isCollection(node) || isScalar(node)) && node.anchor)) wrong.push('an anchor or alias')
    if ((isCollection(node) || isScalar(node)) && node.tag?.startsWith('!')) wrong.push('a tag')
  })
  if (!isMap(document.contents)) return { wrong: [...wrong, 'not a map'], description: '', body: '', metadata: {} }
  const values = document.errors.length === 0 ? (document.toJS() as Record<string, unknown>) : {}
  const text1 = (field: string) => (typeof values[field] === 'string' ? (values[field] as string) : '')
  for (const field of Object.keys(values)) if (!FIELDS.includes(field)) wrong.push(`unknown field ${field}`)
  for (const field of FIELDS.filter(known => known !== 'metadata' && known in values))
    if (text1(field).trim() === '') wrong.push(`${field} is no text`)
  const name = text1('name')
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || name.length > 64) wrong.push(`name "${name}"`)
  if (name !== folder) wrong.push(`name "${name}" in the folder ${folder}`)
  const description = text1('description')
  if (description.length < 1 || description.length > 1024) wrong.push(`description of ${description.length} characters`)
  if (/[<>]/.test(description)) wrong.push('< or > in the description')
  if (text1('compatibility').length > 500) wrong.push('compatibility of over 500 characters')
  const metadata = values['metadata'] ?? {}
  if (typeof metadata !== 'object' || Array.isArray(metadata)) wrong.push('metadata is no map')
  return { wrong, description, body: rest.join('---'), metadata: metadata as Record<string, unknown> }
}
