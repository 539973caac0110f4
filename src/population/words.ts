// Numbers words in the order of their first appearance.

export class Words {
  private readonly numbers = new Map<string, number>()
  private readonly words: string[] = []

  intern(word: string): number {
    const known = this.numbers.get(word)
    if (known !== undefined) return known
    const number = this.words.length
    this.numbers.set(word, number)
    this.words.push(word)
    return number
  }

  word(number: number): string {
    return this.words[number] ?? ''
  }

  list(): string[] {
    return [...this.words]
  }
}
