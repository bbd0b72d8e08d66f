/** The transaction of the database that keeps rows of the feed unsettled: they are read again and again until it ends. */
export interface HorizonHolder {
  /** The process that serves it; empty for a prepared transaction. */
  readonly pid: string
  /** The name that its program gave, or the name of the prepared transaction. */
  readonly application: string
  readonly state: string
  readonly seconds: number
}
