import type { Writing } from './store.js'

/**
 * Writes a row of `meta` in the place of what was read there, undefined where there was none. Answers whether it was still so:
 * of several who read the same, one writes.
 */
export async function replaceMeta(
  transaction: Writing,
  { name, before, value }: { readonly name: string; readonly before: string | undefined; readonly value: string },
): Promise<boolean> {
  if (before === undefined) {
    const { numInsertedOrUpdatedRows } = await transaction
      .insertInto('meta')
      .values({ name, value })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow()
    return numInsertedOrUpdatedRows === 1n
  }
  const { numUpdatedRows } = await transaction
    .updateTable('meta')
    .set({ value })
    .where('name', '=', name)
    .where('value', '=', before)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}
