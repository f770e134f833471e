/** Why there is no answer. */
export class AnswerError extends Error {
  /**
   * gone: there is no server any more; forbidden: it does not know this browser; absent: an exported
   * page does not hold the answer; refused: the server says why.
   */
  constructor(
    readonly kind: "gone" | "forbidden" | "absent" | "refused",
    message: string,
  ) {
    super(message);
  }
}
