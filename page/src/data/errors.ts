/** Why there is no answer. */
export class AnswerError extends Error {
  /**
   * gone: the server has stopped; forbidden: it does not know this browser; absent: an exported page
   * does not hold the answer; refused: the server gives a reason.
   */
  constructor(
    readonly kind: "gone" | "forbidden" | "absent" | "refused",
    message: string,
  ) {
    super(message);
  }
}
