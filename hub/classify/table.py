"""Examples as a machine learns from them: one sparse matrix, of which is known what its columns are."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hub.classify.grams import Numbers
from hub.classify.linear import Floats, Weights

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class Table(NamedTuple):
    """Examples as a model sees them. Columns are n-grams, then what the rules found, then the numbers of a meaning."""

    features: "csr_matrix"
    grams: int
    counting: int  # n-grams and facts

    def of(self, rows: Numbers | NDArray[np.bool_]) -> "Table":
        """Some of the examples."""
        return self._replace(features=self.features[rows])

    def believing(self, share: float) -> "Table":
        """The same examples with the rules believed more or less."""
        found = self.features.copy()
        found.data *= self.shares(share)[found.indices]
        return self._replace(features=found)

    def shares(self, share: float) -> Floats:
        """One for each column, and for what the rules found this share."""
        shares = np.ones(self.features.shape[1], np.float32)
        shares[self.grams : self.counting] = share
        return shares


def sparse(features: Weights) -> "csr_matrix":
    """Features as scikit-learn wants them."""
    from scipy.sparse import csr_matrix

    bounds = np.searchsorted(features.text_of, np.arange(features.texts + 1))
    return csr_matrix((features.value, features.column, bounds), shape=(features.texts, int(features.columns)))
