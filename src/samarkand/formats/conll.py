r"""CoNLL: one token a line, its tag last, a blank line behind each sentence.

Foreign files (CoNLL-2003 and what is like it) are read as they come: columns separated by tabs, or
by spaces where a file has no tab; the token first. The last column holds the tags; where every
column behind the token holds nothing but tags, all do (nested mentions, as in LitBank). They are
IOB1, IOB2, BIOES or BILOU, as found; broken ones are repaired as conlleval does, and counted.
`-DOCSTART-` starts a document: `<file>-0001` and so on, or `<file>` where there is but one. There
is no text, so tokens are joined by a space and sentences by a newline. A file called train, dev or
test is that split.

Our own files, `<doc>.conll`, keep the text. They say so in their first line, which other readers
skip (spaces here stand for tabs, and \s for a space in the text):

    -DOCSTART- columns=FORM,MISC,NER:domain,NER:ents SpacesBefore=\s

    Xi      _               O  B-PER
    spoke   SpaceAfter=No   O  O
    .       SpacesAfter=\n  O  O

Each group of labels has a column, in IOB2; the first group is last, where CoNLL-2003's tags are.
Labels of no group are the group `other`. MISC is that of CoNLL-U
(https://universaldependencies.org/format.html), with the SpacesAfter and SpacesBefore, and the
escapes \s \t \r \n, of UDPipe (https://ufal.mff.cuni.cz/udpipe/1/users-manual).
Tokens are those of `samarkand.tokens`, cut where a mention begins or ends.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import files as naming
from samarkand import iob, jsonl, schema, text, tokens
from samarkand.corpus import Corpus, Layer, doc_codes, from_columns
from samarkand.errors import FormatError, Problem
from samarkand.formats import _conll_rows as conll_rows
from samarkand.formats._conll_rows import Rows
from samarkand.formats.base import (
    SPLIT_FOLDERS, Files, Reading, bare, decode, doc_ids, documents, frame,
)  # fmt: skip
from samarkand.labels import Group, LabelSchema
from samarkand.text import Ints, Mask
