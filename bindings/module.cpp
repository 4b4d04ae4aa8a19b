#include "bind.h"
#include "bind_offers.h"
#include "entivec/core/parallel.h"
#include "entivec/product/product.h"

PYBIND11_MODULE(ENTIVEC_MODULE_NAME, m) {
  m.def("max_threads", &entivec::hardware_threads);
  m.def("has_bfloat16", &entivec::has_bfloat16);
  entivec::bind_table(m);
  entivec::bind_pca(m);
  entivec::bind_shape(m);
  entivec::bind_autoencoder(m);
  entivec::bind_trainer(m);
  entivec::bind_row_model(m);  // after its base, the trainer's Model
  entivec::bind_tokens(m);
  entivec::bind_graphs(m);
  entivec::bind_events(m);
  entivec::bind_facts(m);
  entivec::bind_sequences(m);
  entivec::bind_histories(m);
  entivec::bind_offers(m);
}
