import { grouped } from "../common/numbers";
import { Text, visible } from "../common/text";
import type { Id, Sentence, Word } from "../contract/answers";
import { useAnswer } from "../data/useAnswer";
import { Note, Quiet } from "./Note";

interface WhyProps {
  model: number;
  a: Word;
  b: Word;
  onPick: (id: Id) => void;
}

/** The sentences that make two words neighbours: their shared contexts. */
export function Why({ model, a, b, onPick }: WhyProps) {
  const { value, error, waiting } = useAnswer("sentences", { model, a: a.id, b: b.id });
  if (error) return <Note error={error} />;
  if (!value || waiting) return <Quiet>Reading the text…</Quiet>;
  const [linesA, linesB, both] = value.lines;
  const least = value.complete ? "" : "at least ";
  return (
    <div class="reasons">
      <p class="facts">
        <Text word={a.word} /> is in {least}
        {lines(linesA)}, <Text word={b.word} /> in {least}
        {lines(linesB)}, both in {grouped(both)}.
      </p>
      {value.together.length > 0 && (
        <>
          <h4>Side by side</h4>
          {value.together.map((sentence, at) => (
            <Quote key={at} sentence={sentence} />
          ))}
        </>
      )}
      {value.shared.map(({ id, word, a: ofA, b: ofB }) => (
        <section key={id}>
          <h4>
            Both next to{" "}
            <button type="button" class="link" onClick={() => onPick(id)}>
              <Text word={word} />
            </button>
          </h4>
          {[...ofA, ...ofB].map((sentence, at) => (
            <Quote key={at} sentence={sentence} />
          ))}
        </section>
      ))}
      {value.shared.length + value.together.length === 0 && (
        <Quiet>No word stands near both in the lines that were read.</Quiet>
      )}
    </div>
  );
}

function lines(count: number): string {
  return count === 1 ? "1 line" : `${grouped(count)} lines`;
}

const MARKS = ["", "asked", "common"];

function Quote({ sentence }: { sentence: Sentence }) {
  return (
    <blockquote dir="auto">
      {sentence.words.map((word, at) => {
        const mark = MARKS[sentence.marks[at] ?? 0];
        return (
          <>
            {at > 0 && " "}
            {mark ? <mark class={mark}>{visible(word)}</mark> : visible(word)}
          </>
        );
      })}
    </blockquote>
  );
}
