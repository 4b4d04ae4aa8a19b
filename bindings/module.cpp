#include "bind.h"
#include "entivec/core/parallel.h"

PYBIND11_MODULE(ENTIVEC_MODULE_NAME, m) {
  m.def("max_threads", &entivec::hardware_threads);
  entivec::bind_table(m);
  entivec::bind_pca(m);
  entivec::bind_autoencoder(m);
  entivec::bind_trainer(m);
}
