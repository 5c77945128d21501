/** The world as arguments (law 7): core and crypto take these, and read nothing themselves. */
export type Clock = () => number
export type Random = (bytes: number) => Uint8Array
