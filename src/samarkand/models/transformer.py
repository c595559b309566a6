"""Named entities by fine-tuning a transformer, with `transformers`, on the configuration `ner`.

The encoder comes from a folder that the user gives; nothing is downloaded. Words are those of the
dataset, and the first piece of a word has its tag: Devlin et al. 2019, section 5.3.
"""

import shutil
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from samarkand import configs, iob
from samarkand.corpus import Corpus, Layer
from samarkand.errors import Problem, SamarkandError
from samarkand.labels import ents_group
from samarkand.models import card
from samarkand.models.found import Found, entities
from samarkand.models.request import Request, parts, settings

DEFAULTS = {
    "training.epochs": 20,
    "training.learn_rate": 2e-4,
    "training.batch_size": 16,
}
#: What a loss does not count: all pieces of a word but the first one.
_IGNORED = -100


def train(request: Request, out: Path) -> None:
    """Fine-tune the encoder on the split train, and keep the epoch that is best on validation.

    Errors: SamarkandError for an encoder that is not given, or is none.
    """
    from transformers import AutoModelForTokenClassification, Trainer, set_seed

    learnt, tried, layer = parts(request)
    values = settings(request, DEFAULTS)
    names = tags(learnt)
    set_seed(request.seed)
    tokenizer = _tokenizer(request.encoder)
    model = AutoModelForTokenClassification.from_pretrained(
        str(request.encoder),
        local_files_only=True,
        num_labels=len(names),
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )
    given = [_encoded(tokenizer, part, layer, names) for part in (learnt, tried)]
    trainer = Trainer(
        model=model,
        args=_arguments(request, out / "all", values),
        train_dataset=given[0],
        eval_dataset=given[1],
        data_collator=partial(_padded, tokenizer.pad_token_id or 0),
        compute_metrics=partial(_score, names),
    )
    trainer.train()
    trainer.model.to("cpu").save_pretrained(out)
    tokenizer.save_pretrained(out)
    _clean(out)
    said = card.card(
        "transformer", learnt, layer, request.seed, str(values), ("transformers", "torch")
    )
    best = {"ents_f": trainer.state.best_metric}
    encoder = {"encoder_sha256": card.model_hash(Path(str(request.encoder)))}
    card.write(out, said | encoder | {"validation": best})


def _clean(out: Path) -> None:
    """What training kept on the way is not the model's; nor is what torch pickled."""
    shutil.rmtree(out / "all", ignore_errors=True)
    (out / "training_args.bin").unlink(missing_ok=True)


def tags(corpus: Corpus) -> tuple[str, ...]:
    """The IOB2 tags of the group of labels that is learnt."""
    wanted = ents_group(corpus.labels.groups)
    return iob.tag_names(next(g.labels for g in corpus.labels.groups if g.name == wanted))


def _tokenizer(encoder: Path | None) -> Any:
    from transformers import AutoTokenizer

    if encoder is None:
        raise SamarkandError("the recipe 'transformer' needs the folder of one: --encoder FOLDER")
    if not (encoder / "config.json").is_file():
        raise SamarkandError([Problem(str(encoder), 0, "is no transformer: it has no config.json")])
    return AutoTokenizer.from_pretrained(str(encoder), local_files_only=True, add_prefix_space=True)


def _arguments(request: Request, out: Path, values: dict[str, Any]) -> Any:
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(out),
        num_train_epochs=float(values["training.epochs"]),
        learning_rate=float(values["training.learn_rate"]),
        per_device_train_batch_size=int(values["training.batch_size"]),
        per_device_eval_batch_size=64,
        weight_decay=0.01,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_only_model=True,
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="f1",
        logging_strategy="epoch",
        seed=request.seed,
        use_cpu=request.gpu < 0,
        report_to=[],
        dataloader_pin_memory=False,
        remove_unused_columns=False,
    )


def _rows(corpus: Corpus, layer: str) -> pa.Table:
    """The sentences of the documents, as the configuration `ner` has them."""
    return configs.ner(corpus, corpus.layers[layer], {})


def _encoded(tokenizer: Any, corpus: Corpus, layer: str, names: Sequence[str]) -> list[Any]:
    """Each sentence as numbers of pieces, with the tag of each word on its first one."""
    number = {name: place for place, name in enumerate(names)}
    table = _rows(corpus, layer)
    column = list(configs.tag_columns(corpus.labels))[
        [g.name for g in corpus.labels.groups].index(ents_group(corpus.labels.groups) or "")
    ]
    made = []
    for words, said in zip(table["tokens"].to_pylist(), table[column].to_pylist(), strict=True):
        found = tokenizer(words, is_split_into_words=True, truncation=True)
        labels, before = [], None
        for word in found.word_ids():
            fresh = word is not None and word != before
            labels.append(number[said[word]] if fresh else _IGNORED)
            before = word
        made.append({"input_ids": found["input_ids"], "labels": labels})
    return made


def _padded(pad: int, rows: Sequence[dict[str, list[int]]]) -> dict[str, Any]:
    """Sentences of one length, as tensors."""
    import torch

    most = max(len(row["input_ids"]) for row in rows)

    def filled(name: str, value: int) -> Any:
        return torch.tensor([row[name] + [value] * (most - len(row[name])) for row in rows])

    found = {"input_ids": filled("input_ids", pad)}
    sizes = [len(row["input_ids"]) for row in rows]
    found["attention_mask"] = torch.tensor([[1] * size + [0] * (most - size) for size in sizes])
    if "labels" in rows[0]:
        found["labels"] = filled("labels", _IGNORED)
    return found


def _score(names: Sequence[str], given: Any) -> dict[str, float]:
    """Strict F1 of the spans that the tags say, sentence by sentence."""
    found, wanted = np.argmax(given.predictions, -1), given.label_ids
    kept = wanted != _IGNORED
    new = np.zeros(kept.sum(), np.bool_)
    new[np.cumsum(kept.sum(1))[:-1]] = True
    new[:1] = True
    spans = []
    for codes in (found[kept], wanted[kept]):
        said = iob.decode(pa.array(np.array(names, object)[codes], pa.string()), new, iob.IOB2)
        named = [said.labels[label] for label in said.label.tolist()]
        spans.append(set(zip(said.first.tolist(), said.last.tolist(), named, strict=True)))
    return {"f1": 2 * len(spans[0] & spans[1]) / max(len(spans[0]) + len(spans[1]), 1)}


def load(folder: Path, scores: bool) -> tuple[tuple[str, ...], Any]:
    """The model in a folder: the labels that it may give, and a function that annotates."""
    from transformers import AutoModelForTokenClassification

    tokenizer = _tokenizer(folder)
    model = AutoModelForTokenClassification.from_pretrained(str(folder), local_files_only=True)
    model.eval()
    names = [model.config.id2label[place] for place in range(model.config.num_labels)]
    labels = tuple(dict.fromkeys(name[2:] for name in names if name != "O"))
    return labels, partial(_annotate, tokenizer, model, names)


def _annotate(
    tokenizer: Any, model: Any, names: Sequence[str], corpus: Corpus, layer: str
) -> dict[str, pa.Table]:
    return {"entities": entities(corpus, _found(tokenizer, model, names, corpus))}


def _found(
    tokenizer: Any, model: Any, names: Sequence[str], corpus: Corpus
) -> Iterator[list[Found]]:
    """The entities of each document; a score is the least share that a word's tag has."""
    table = configs.ner(corpus, Layer("none"), {})
    spans: dict[str, list[Found]] = {}
    columns = (table[name].to_pylist() for name in ("doc", "tokens", "begin", "end"))
    for doc, words, begin, end in zip(*columns, strict=True):
        codes, shares = _tagged(tokenizer, model, words)
        new = np.zeros(len(words), np.bool_)
        new[:1] = True
        said = iob.decode(pa.array([names[code] for code in codes], pa.string()), new, iob.IOB2)
        for first, last, label in zip(said.first, said.last, said.label, strict=True):
            score = round(float(shares[first:last].min()), 4)
            found = int(begin[first]), int(end[last - 1]), said.labels[label], score
            spans.setdefault(doc, []).append(found)
    for doc in corpus.documents["doc"].to_pylist():
        yield spans.get(doc, [])


def _tagged(tokenizer: Any, model: Any, words: Sequence[str]) -> tuple[Any, Any]:
    """The number of each word's tag, and its share; what is beyond the model's length is O."""
    import torch

    found = tokenizer(words, is_split_into_words=True, truncation=True)
    ids = found.word_ids()
    with torch.no_grad():
        given = _padded(0, [{"input_ids": found["input_ids"]}])
        shares = torch.softmax(model(**given).logits[0], -1).numpy()
    codes, sure = np.zeros(len(words), np.int64), np.ones(len(words))
    seen: set[int] = set()
    for place, word in enumerate(ids):
        if word is not None and word not in seen:
            seen.add(word)
            codes[word], sure[word] = shares[place].argmax(), shares[place].max()
    if len(seen) < len(words):
        warnings.warn(f"{len(words) - len(seen)} words were not read: too long", stacklevel=2)
    return codes, sure
